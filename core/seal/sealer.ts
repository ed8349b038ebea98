import { decrypt, encrypt } from "#aead";
import { type Awaitable, chain } from "../awaitable.js";
import { MisuseError, must } from "../errors.js";
import { createKeyring, HEADER } from "./keyring.js";

/** Why a sealed string was not opened. */
export type SealRefusal = "malformed" | "too_large" | "unknown_key" | "expired_key" | "tampered";

/** Turns payloads into the bytes that are encrypted, and back. */
export interface Codec {
  /** @throws when the payload is not a JSON value */
  pack(payload: unknown): Uint8Array;
  /** @throws when `pack` did not make the bytes */
  unpack(bytes: Uint8Array): unknown;
}

/** Characters of the longest sealed string that is opened, unless the caller of `createSealer` says otherwise. */
export const MAX_SEALED = 16_384;

/** The payload of a sealed string. */
export interface Unsealed {
  readonly payload: unknown;
  /** Whether it was sealed under an older secret: seal it again at the next write. */
  readonly stale: boolean;
}

/** Seals payloads for one purpose and opens them: synchronously on Node, once the key was derived. `now`: milliseconds since the epoch. */
export interface Sealer {
  /**
   * A JWE in compact form (RFC 7516 3.1). If it is longer than the sealer's limit, it cannot be opened.
   * @throws MisuseError (`not_json`) when the payload is no JSON value
   */
  seal(payload: unknown, now: number): Awaitable<string>;
  /** The payload, or the reason why the string was not opened. Never throws, whatever `sealed` is. */
  open(sealed: unknown, now: number): Awaitable<Unsealed | SealRefusal>;
}

/**
 * AES-256-GCM under keys that are derived from the secret for one purpose and one day (RFC 7516, `alg` "dir"), which open
 * for `maxAge` seconds.
 * @param longest characters of the longest string that is opened; a client may send any
 * @throws MisuseError (`invalid_config`) when the secret is wrong
 */
export function createSealer(
  secret: Secret,
  purpose: string,
  maxAge: number,
  { pack, unpack }: Codec,
  longest = MAX_SEALED,
): Sealer {
  const keyring = createKeyring(checkSecrets(secret), purpose, maxAge);
  return {
    seal(payload, now) {
      let bytes: Uint8Array;
      try {
        bytes = pack(payload);
      } catch (cause) {
        // A function, a cycle or a bigint: the caller's mistake.
        throw new MisuseError("not_json", "not a JSON value", { cause });
      }
      return chain(keyring.toSeal(now), ({ key }) => encrypt(key, bytes));
    },
    open(sealed, now) {
      if (typeof sealed !== "string") return "malformed";
      if (sealed.length > longest) return "too_large";
      /** The header, an empty key segment, 12 bytes of IV, a byte, 16 bytes of tag, and the dots between. */
      const MIN_SEALED = HEADER + 44;
      if (sealed.length < MIN_SEALED || !sealed.startsWith("..", HEADER)) return "malformed";
      return chain(keyring.toOpen(sealed.slice(0, HEADER), now), (key) =>
        typeof key === "string"
          ? key
          : chain(decrypt(key.key, sealed), (bytes) => {
              try {
                return bytes ? { payload: unpack(bytes), stale: key.stale } : "tampered";
              } catch {
                return "malformed"; // authentic, but not made by this codec
              }
            }),
      );
    },
  };
}

/** One secret, or several, newest first. */
type Secret = string | readonly string[];

/**
 * The secrets as a list, newest first; `name`: what messages call the option.
 * @throws MisuseError (`invalid_config`) without a secret, or when one is shorter than 32 characters
 */
export function checkSecrets(secret: Secret, name = "secret"): readonly string[] {
  const secrets = [secret].flat();
  must(
    secrets.length > 0 && secrets.every((one) => typeof one === "string" && one.length >= 32),
    `${name} must be 32 characters or more, or a list of such; "npx latchkey secret" prints one`,
  );
  return secrets;
}
