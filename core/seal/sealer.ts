import { decrypt, encrypt } from "#aead";
import { MisuseError } from "../errors.js";
import type { Awaitable } from "../ports.js";
import { createKeyring, type DayKey, HEADER } from "./keyring.js";

/** Why a sealed string was not opened. */
export type SealRefusal = "malformed" | "too_large" | "unknown_key" | "expired_key" | "tampered";

/** What came of opening a sealed string. */
export type Opened =
  | {
      readonly ok: true;
      readonly payload: unknown;
      /** Sealed under an older secret: seal it again at the next write. */
      readonly stale: boolean;
    }
  | { readonly ok: false; readonly reason: SealRefusal };

/** What {@link createSealer} takes. */
export interface SealerOptions {
  /** At least 32 characters each, newest first: the first seals, all open. */
  secret: string | readonly string[];
  /** What the payload is for, 1 to 100 printable ASCII characters: what is sealed for one purpose opens for no other. */
  purpose: string;
  /** Seconds that a sealed value may be alive, to the day: older keys are refused. @default 604800 (7 days) */
  maxAge?: number;
}

/** Seals JSON values into strings that are safe in a cookie or a URL, and opens them. Synchronous where it can be. */
export interface Sealer {
  /**
   * A JWE in compact form (RFC 7516 3.1). Longer than 16,384 characters it will not open.
   * @param now milliseconds since the epoch
   * @throws MisuseError (`ERR_NOT_JSON`) when the payload is no JSON value
   */
  seal(payload: unknown, now: number): Awaitable<string>;
  /** The payload, or the reason why there is none. Never throws for what it is given. */
  open(sealed: string, now: number): Awaitable<Opened>;
}

/** What becomes of a payload before it is encrypted, and after. */
export interface Codec {
  /** @throws when it is no JSON value */
  pack(payload: unknown): Uint8Array;
  /** @throws when the bytes are not such */
  unpack(bytes: Uint8Array): unknown;
}

/** The most characters that are looked at, whatever was sent. */
export const MAX_SEALED = 16_384;
/** The header, an empty key segment, 12 bytes of IV, a byte, 16 bytes of tag, and the dots between. */
const MIN_SEALED = HEADER + 2 + 16 + 1 + 2 + 1 + 22;

const refuse = (reason: SealRefusal): Opened => ({ ok: false, reason });

/** Goes on at once where there is nothing to wait for. */
const then = <T, U>(value: Awaitable<T>, next: (value: T) => Awaitable<U>): Awaitable<U> =>
  typeof (value as Promise<T>)?.then === "function" ? (value as Promise<T>).then(next) : next(value as T);

/**
 * AES-256-GCM under keys that are derived from the secret for one purpose and one day (RFC 7516, `alg` "dir").
 * @throws MisuseError (`ERR_CONFIG`) when the secret is wrong
 */
export function createSealer({ secret, purpose, maxAge = 604_800 }: SealerOptions, codec: Codec): Sealer {
  const keyring = createKeyring(checkSecrets(secret), purpose, maxAge);

  /** What cannot be JSON at all, or only in part (a function, a cycle, a bigint), is the caller's mistake. */
  function pack(payload: unknown): Uint8Array {
    try {
      return codec.pack(payload);
    } catch (cause) {
      throw new MisuseError("ERR_NOT_JSON", "latchkey: what is sealed must be a JSON value", { cause });
    }
  }

  function unpack(bytes: Uint8Array | undefined, { stale }: DayKey): Opened {
    if (!bytes) return refuse("tampered");
    try {
      return { ok: true, payload: codec.unpack(bytes), stale };
    } catch {
      return refuse("malformed"); // authentic, but no JSON: sealed by something else
    }
  }

  return {
    seal(payload, now) {
      const bytes = pack(payload);
      const found = keyring.toSeal(now);
      const own = "key" in found ? bytes : new Uint8Array(bytes); // they are only lent
      return then(found, ({ key }) => encrypt(key, own));
    },
    open(sealed, now) {
      if (sealed.length > MAX_SEALED) return refuse("too_large");
      if (sealed.length < MIN_SEALED || !sealed.startsWith("..", HEADER)) return refuse("malformed");
      return then(keyring.toOpen(sealed.slice(0, HEADER), now), (found) =>
        typeof found === "string" ? refuse(found) : then(decrypt(found.key, sealed), (bytes) => unpack(bytes, found)),
      );
    },
  };
}

/**
 * The secrets as a list, newest first.
 * @throws MisuseError (`ERR_CONFIG`) when there is none, or one is shorter than 32 characters
 */
export function checkSecrets(secret: string | readonly string[]): readonly string[] {
  const secrets = typeof secret === "string" ? [secret] : secret;
  if (
    Array.isArray(secrets) &&
    secrets.length > 0 &&
    secrets.every((one) => typeof one === "string" && one.length >= 32)
  ) {
    return secrets;
  }
  throw new MisuseError(
    "ERR_CONFIG",
    "latchkey: secret must be at least 32 characters, or a list of such, newest first; `npx latchkey secret` prints one",
  );
}
