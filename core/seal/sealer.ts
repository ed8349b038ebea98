import { engine } from "#aead";
import { MisuseError } from "../errors.js";
import type { Awaitable } from "../ports.js";
import { checkSecrets, createKeyring, type KeyRefusal, type NamedKey } from "./keyring.js";
import { packText, unpackText } from "./payload.js";

export { checkSecrets };

/** Why a sealed value does not open. `malformed`: not one of ours; `tampered`: its tag is not right for this purpose. */
export type SealRefusal = KeyRefusal | "malformed" | "too_large" | "tampered";

/** What opening gives: the payload, or why there is none. */
export type Opened =
  | {
      readonly ok: true;
      readonly payload: unknown;
      /** Sealed under an older secret: seal it again at the next write. */
      readonly stale: boolean;
    }
  | { readonly ok: false; readonly reason: SealRefusal };

export interface SealerOptions {
  /** At least 32 characters each, newest first: the first seals, all open. */
  secret: string | readonly string[];
  /** What is sealed for one purpose does not open for another. */
  purpose: string;
  /** Seconds that a sealed value may be alive; in whole days, older ones are refused. @default 604800 (7 days) */
  maxAge?: number;
}

/** Seals JSON values into JWE compact strings (RFC 7516: `dir`, `A256GCM`) and opens them. Times are milliseconds. */
export interface Sealer {
  /** @throws MisuseError (`ERR_NOT_JSON`) when the payload is not JSON */
  seal(payload: unknown, now: number): Awaitable<string>;
  /** Never throws for what it is given. */
  open(sealed: string, now: number): Awaitable<Opened>;
}

/** Larger ones are refused unread: no cookie header that arrives can hold them. */
const MAX_SEALED = 16_384;

/** Base64url of `{"alg":"dir","enc":"A256GCM","kid":"`: 36 bytes, so that a kid of ten and `"}` make 64 characters. */
const HEADER_START = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoi";
const HEADER_LENGTH = 64;
const IV_LENGTH = 16;
const TAG_LENGTH = 22;

/** @throws MisuseError (`ERR_CONFIG`) when a secret is too short, or the purpose is empty */
export function createSealer({ secret, purpose, maxAge = 604_800 }: SealerOptions): Sealer {
  if (!purpose) throw new MisuseError("ERR_CONFIG", "latchkey: a sealer needs a purpose");
  const keyring = createKeyring(checkSecrets(secret), purpose, maxAge);
  return {
    seal(payload, now) {
      const bytes = packText(textOf(payload));
      return then(keyring.current(now), (named) => sealWith(named, bytes));
    },
    open(sealed, now) {
      if (sealed.length > MAX_SEALED) return refused("too_large");
      const kid = kidOf(sealed);
      if (kid === undefined) return refused("malformed");
      return then(keyring.named(kid, now), (named) =>
        typeof named === "string" ? refused(named) : openWith(named, sealed),
      );
    },
  };
}

/** JWE compact: header, no encrypted key, IV, ciphertext, tag. */
export function sealWith({ kid, key }: NamedKey, bytes: Uint8Array, iv?: Uint8Array): Awaitable<string> {
  const header = HEADER_START + engine.encodeBase64url(engine.encodeText(`${kid}"}`));
  return then(engine.encrypt(key, header, bytes, iv), (rest) => `${header}..${rest}`);
}

function openWith({ key, stale }: NamedKey, sealed: string): Awaitable<Opened> {
  const parts = sealed.slice(HEADER_LENGTH + 2).split(".");
  const [iv, ciphertext, tag] = parts.map(engine.decodeBase64url);
  if (parts.length !== 3 || !iv || !ciphertext || !tag || iv.length !== 12 || tag.length !== 16)
    return refused("malformed");
  const plaintext = engine.decrypt(key, sealed.slice(0, HEADER_LENGTH), iv, ciphertext, tag);
  return then(plaintext, (bytes) => (bytes ? parse(bytes, stale) : refused("tampered")));
}

/** The key id in a header that is exactly one of ours; undefined for any other. */
function kidOf(sealed: string): string | undefined {
  if (!sealed.startsWith(HEADER_START) || sealed.slice(HEADER_LENGTH, HEADER_LENGTH + 2) !== "..") return undefined;
  if (sealed.length < HEADER_LENGTH + 4 + IV_LENGTH + TAG_LENGTH) return undefined;
  const bytes = engine.decodeBase64url(sealed.slice(HEADER_START.length, HEADER_LENGTH));
  const end = bytes ? engine.decodeText(bytes) : "";
  return end.length === 12 && end.endsWith('"}') ? end.slice(0, 10) : undefined;
}

function textOf(payload: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(payload);
  } catch (cause) {
    throw new MisuseError("ERR_NOT_JSON", "latchkey: only JSON can be sealed", { cause });
  }
  if (text === undefined) throw new MisuseError("ERR_NOT_JSON", "latchkey: only JSON can be sealed");
  return text;
}

function parse(bytes: Uint8Array, stale: boolean): Opened {
  const text = unpackText(bytes);
  if (text === undefined) return refused("malformed");
  try {
    return { ok: true, payload: JSON.parse(text), stale };
  } catch {
    // Authentic, yet not JSON: sealed with our key by other means.
    return refused("malformed");
  }
}

const refused = (reason: SealRefusal): Opened => ({ ok: false, reason });

/** Goes on at once where the value is there, later where it is promised: by any realm's promise. */
const then = <T, U>(value: Awaitable<T>, next: (value: T) => Awaitable<U>): Awaitable<U> =>
  typeof (value as Promise<T> | null)?.then === "function" ? (value as Promise<T>).then(next) : next(value as T);
