/**
 * The engine behind the seal: `#aead` is one of two files, chosen by the conditions of package.json where the package
 * runs. Both give the same bytes for the same IV.
 */
import type { Awaitable } from "../ports.js";

/** A key as the engine keeps it. */
export type EngineKey = { readonly engineKey: unique symbol };

export interface Engine {
  readonly name: "node" | "web";
  importKey(raw: Uint8Array): Awaitable<EngineKey>;
  /** AES-256-GCM. `header` is the additional data; returns `iv.ciphertext.tag`, base64url, ready to follow it. */
  encrypt(key: EngineKey, header: string, plaintext: Uint8Array, iv?: Uint8Array): Awaitable<string>;
  /** The plaintext; undefined when the tag is not right. Throws nothing. */
  decrypt(
    key: EngineKey,
    header: string,
    iv: Uint8Array,
    ciphertext: Uint8Array,
    tag: Uint8Array,
  ): Awaitable<Uint8Array | undefined>;
  encodeText(text: string): Uint8Array;
  decodeText(bytes: Uint8Array): string;
  encodeBase64url(bytes: Uint8Array): string;
  /** Undefined when the text is not base64url, or not the one spelling of its bytes. */
  decodeBase64url(text: string): Uint8Array | undefined;
}

export declare const engine: Engine;
