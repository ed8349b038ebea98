import type { Awaitable } from "../awaitable.js";

/**
 * What the seal needs of a platform: AES-256-GCM (RFC 7518 5.3) and conversions of bytes, for which each platform has a fast
 * way of its own. "#aead" is `aead.node.ts` or `aead.web.ts`, by the conditions of package.json. A promise may come from
 * another realm: test for `then`, not for `instanceof`.
 */

/** A key of one engine. */
export interface EngineKey {
  readonly header: string;
}

/** A key of 32 bytes, and the header segment of whatever it seals. */
export function importKey(bytes: Uint8Array, header: string): Awaitable<EngineKey>;

/**
 * A JWE in compact form (RFC 7516 3.1): `header..iv.ciphertext.tag`.
 * @param iv 12 bytes, for test vectors only; otherwise the engine draws it.
 */
export function encrypt(key: EngineKey, plaintext: Uint8Array, iv?: Uint8Array): Awaitable<string>;

/**
 * The plaintext of a JWE that begins with the key's header and an empty key segment; undefined when the rest is not
 * authentic, or not in the one canonical spelling of its bytes (RFC 4648 3.5).
 */
export function decrypt(key: EngineKey, sealed: string): Awaitable<Uint8Array | undefined>;

/** The text in UTF-8. */
export function toBytes(text: string): Uint8Array;

/**
 * One after the other: the head, the bytes that the characters (a multiple of four) are in base64url, and the text in UTF-8.
 * Undefined when the characters are not base64url.
 */
export function join(head: readonly number[], characters: string, text: string): Uint8Array | undefined;

/** Base64url without padding (RFC 4648 5) of the bytes from `start` to before `end`. */
export function toBase64url(bytes: Uint8Array, start?: number, end?: number): string;

/** SHA-256 of a text, in base64url. */
export function sha256(text: string): Awaitable<string>;

/** The bytes from `start` on as UTF-8. */
export function toText(bytes: Uint8Array, start?: number): string;
