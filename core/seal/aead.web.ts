import type { Engine, EngineKey } from "./aead.js";

type Params = { name: "AES-GCM"; iv: Uint8Array; additionalData: Uint8Array };
declare const crypto: {
  getRandomValues(bytes: Uint8Array): void;
  subtle: {
    importKey(format: "raw", bytes: Uint8Array, name: string, extractable: false, usages: string[]): Promise<CryptoKey>;
    encrypt(params: Params, key: CryptoKey, data: Uint8Array): Promise<ArrayBuffer>;
    decrypt(params: Params, key: CryptoKey, data: Uint8Array): Promise<ArrayBuffer>;
  };
};

/** ECMAScript 2026, where it is there. */
type Base64Options = { alphabet: "base64url"; omitPadding?: boolean };
type Base64Bytes = Uint8Array & { toBase64?(options: Base64Options): string };
const Bytes = Uint8Array as typeof Uint8Array & { fromBase64?(text: string, options: Base64Options): Uint8Array };

function encode(bytes: Base64Bytes): string {
  if (bytes.toBase64) return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
  let binary = "";
  // In parts: the arguments of one call are limited.
  for (let at = 0; at < bytes.length; at += 8192) binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function decode(text: string): Uint8Array | undefined {
  try {
    const bytes = Bytes.fromBase64
      ? Bytes.fromBase64(text, { alphabet: "base64url" })
      : Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
    return encode(bytes) === text ? bytes : undefined;
  } catch {
    return undefined; // the only thing that they throw for is a text that is not base64
  }
}
const toUtf8 = new TextEncoder();
const fromUtf8 = new TextDecoder("utf-8", { ignoreBOM: true });

function nextIv(): Uint8Array {
  const iv = new Uint8Array(12);
  crypto.getRandomValues(iv);
  return iv;
}

function concat(...parts: ReadonlyArray<ArrayLike<number>>): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

const params = (iv: Uint8Array, additionalData: Uint8Array): Params => ({ name: "AES-GCM", iv, additionalData });

interface WebKey extends EngineKey {
  readonly key: CryptoKey;
  /** The header's bytes (RFC 7516 5.1, step 14). */
  readonly aad: Uint8Array;
}

/** Web Crypto, wherever there is no node:crypto. */
export const engine: Engine<WebKey> = {
  name: "web",
  importKey: async (bytes, header) => ({
    key: await crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]),
    header,
    aad: toUtf8.encode(header),
  }),
  async seal({ key, header, aad }, plaintext, iv = nextIv()) {
    const bytes = new Uint8Array(await crypto.subtle.encrypt(params(iv, aad), key, plaintext));
    return `${header}..${encode(iv)}.${encode(bytes.subarray(0, -16))}.${encode(bytes.subarray(-16))}`;
  },
  async open({ key, aad }, sealed) {
    const [, , iv, ciphertext, tag, more] = sealed.split(".").map(decode);
    if (iv?.length !== 12 || !ciphertext || tag?.length !== 16 || more) return undefined;
    try {
      return new Uint8Array(await crypto.subtle.decrypt(params(iv, aad), key, concat(ciphertext, tag)));
    } catch {
      return undefined; // OperationError: the tag is the only thing left to refuse
    }
  },
  join(head, characters, text) {
    const tokens = decode(characters);
    return tokens && concat(head, tokens, toUtf8.encode(text));
  },
  toBase64url: (bytes, start, end) => encode(bytes.subarray(start, end)),
  toText: (bytes, start) => fromUtf8.decode(bytes.subarray(start)),
};
