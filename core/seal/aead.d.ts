import type { Awaitable } from "../ports.js";

/**
 * What the seal needs of a platform, behind one port: AES-256-GCM (RFC 7518 5.3) and the conversions of bytes, which
 * each platform has its own fast way for. "#aead" is `aead.node.ts` or `aead.web.ts`, by the conditions of package.json.
 * A promise may come from another realm: test for `then`, not for `instanceof`.
 */
export interface Engine<Key = EngineKey> {
  readonly name: "node" | "web";
  /** A key of 32 bytes, with the header segment that is authenticated with whatever it seals (RFC 7516 5.1, step 14). */
  importKey(bytes: Uint8Array, header: string): Awaitable<Key>;
  /**
   * The last three segments of a JWE, `iv.ciphertext.tag`.
   * @param iv 12 bytes, for test vectors only; the engine draws its own.
   */
  seal(key: Key, plaintext: Uint8Array, iv?: Uint8Array): Awaitable<string>;
  /** The plaintext of `iv.ciphertext.tag`; undefined when it is spelled wrong or not authentic. */
  open(key: Key, segments: string): Awaitable<Uint8Array | undefined>;
  toBase64url(bytes: Uint8Array): string;
  /** Undefined unless the text is the one canonical spelling of its bytes (RFC 4648 3.5), without padding. */
  fromBase64url(text: string): Uint8Array | undefined;
  toUtf8(text: string): Uint8Array;
  fromUtf8(bytes: Uint8Array): string;
}

/** A key as one engine holds it. */
export interface EngineKey {
  readonly aad: Uint8Array;
}

export declare const engine: Engine;
