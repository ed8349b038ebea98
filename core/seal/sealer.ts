import { decrypt, encrypt } from "#aead";
import { type Awaitable, chain } from "../awaitable.js";
import { MisuseError, must } from "../errors.js";
import { createKeyring, HEADER } from "./keyring.js";

/** Why a sealed string was not opened. */
export type SealRefusal = "malformed" | "too_large" | "unknown_key" | "expired_key" | "tampered";

/** What becomes of a payload before it is encrypted, and after. */
export interface Codec {
  /** @throws when it is no JSON value */
  pack(payload: unknown): Uint8Array;
  /** @throws when the bytes are not such */
  unpack(bytes: Uint8Array): unknown;
}

/** The most characters that are looked at, whatever was sent. */
export const MAX_SEALED = 16_384;

/** What was sealed. */
export interface Unsealed {
  readonly payload: unknown;
  /** Sealed under an older secret: seal it again at the next write. */
  readonly stale: boolean;
}

/** Seals payloads for one purpose and opens them. Synchronous where it can be. `now` is milliseconds since the epoch. */
export interface Sealer {
  /**
   * A JWE in compact form (RFC 7516 3.1). Longer than 16,384 characters it will not open.
   * @throws MisuseError (`not_json`) when the payload is no JSON value
   */
  seal(payload: unknown, now: number): Awaitable<string>;
  /** What was sealed, or the reason why there is nothing. Never throws for what it is given, text or not. */
  open(sealed: unknown, now: number): Awaitable<Unsealed | SealRefusal>;
}

/**
 * AES-256-GCM under keys that are derived from the secret for one purpose and one day (RFC 7516, `alg` "dir"), which open
 * for `maxAge` seconds.
 * @throws MisuseError (`invalid_config`) when the secret is wrong
 */
export function createSealer(secret: Secret, purpose: string, maxAge: number, { pack, unpack }: Codec): Sealer {
  const keyring = createKeyring(checkSecrets(secret), purpose, maxAge);
  return {
    seal(payload, now) {
      let bytes: Uint8Array;
      try {
        bytes = pack(payload);
      } catch (cause) {
        // What cannot be JSON at all, or only in part (a function, a cycle, a bigint), is the caller's mistake.
        throw new MisuseError("not_json", "not a JSON value", { cause });
      }
      return chain(keyring.toSeal(now), ({ key }) => encrypt(key, bytes));
    },
    open(sealed, now) {
      if (typeof sealed !== "string") return "malformed";
      if (sealed.length > MAX_SEALED) return "too_large";
      /** The header, an empty key segment, 12 bytes of IV, a byte, 16 bytes of tag, and the dots between. */
      const MIN_SEALED = HEADER + 2 + 16 + 1 + 2 + 1 + 22;
      if (sealed.length < MIN_SEALED || !sealed.startsWith("..", HEADER)) return "malformed";
      return chain(keyring.toOpen(sealed.slice(0, HEADER), now), (found) =>
        typeof found === "string"
          ? found
          : chain(decrypt(found.key, sealed), (bytes) => {
              try {
                return bytes ? { payload: unpack(bytes), stale: found.stale } : "tampered";
              } catch {
                return "malformed"; // authentic, but no JSON: sealed by something else
              }
            }),
      );
    },
  };
}

/** One, or several, newest first. */
type Secret = string | readonly string[];

/**
 * The secrets as a list, newest first; `name` is what messages call it.
 * @throws MisuseError (`invalid_config`) when there is none, or one is shorter than 32 characters
 */
export function checkSecrets(secret: Secret, name = "secret"): readonly string[] {
  const secrets = [secret].flat();
  must(
    secrets.length > 0 && secrets.every((one) => typeof one === "string" && one.length >= 32),
    `${name} must be 32 characters or more, or a list of such; "npx latchkey secret" prints one`,
  );
  return secrets;
}
