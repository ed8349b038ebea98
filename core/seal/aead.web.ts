import type { Engine, EngineKey } from "./aead.js";

type Params = { name: "AES-GCM"; iv: Uint8Array; additionalData: Uint8Array };
declare const crypto: {
  getRandomValues<Bytes extends Uint8Array>(bytes: Bytes): Bytes;
  subtle: {
    importKey(format: "raw", bytes: Uint8Array, name: string, extractable: false, usages: string[]): Promise<CryptoKey>;
    encrypt(params: Params, key: CryptoKey, data: Uint8Array): Promise<ArrayBuffer>;
    decrypt(params: Params, key: CryptoKey, data: Uint8Array): Promise<ArrayBuffer>;
  };
};

interface WebKey extends EngineKey {
  readonly key: CryptoKey;
  /** The header's bytes (RFC 7516 5.1, step 14). */
  readonly aad: Uint8Array;
}

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

/** Both ways are lenient (RFC 4648 3.3, 3.5): only what encodes to the same text again was canonical. */
function decode(text: string): Uint8Array | undefined {
  try {
    const bytes = Bytes.fromBase64
      ? Bytes.fromBase64(text, { alphabet: "base64url" })
      : toBytes(atob(text.replaceAll("-", "+").replaceAll("_", "/")));
    return encode(bytes) === text ? bytes : undefined;
  } catch {
    return undefined; // the only thing that they throw for is a text that is not base64
  }
}

function toBytes(binary: string): Uint8Array {
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
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

const utf8 = new TextEncoder();
const text = new TextDecoder("utf-8", { ignoreBOM: true });
const params = (iv: Uint8Array, additionalData: Uint8Array): Params => ({ name: "AES-GCM", iv, additionalData });

/** Web Crypto, wherever there is no node:crypto. Methods are `async`, since its promises may be of another realm. */
export const engine: Engine<WebKey> = {
  name: "web",
  importKey: async (bytes, header) => ({
    key: await crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]),
    header,
    aad: utf8.encode(header),
  }),
  async seal({ key, header, aad }, plaintext, iv = crypto.getRandomValues(new Uint8Array(12))) {
    const bytes = new Uint8Array(await crypto.subtle.encrypt(params(iv, aad), key, plaintext));
    return `${header}..${encode(iv)}.${encode(bytes.subarray(0, -16))}.${encode(bytes.subarray(-16))}`;
  },
  async open({ key, aad }, sealed) {
    const segments = sealed.split(".", 6);
    const [iv, ciphertext, tag] = segments.slice(2).map(decode);
    if (segments.length !== 5 || iv?.length !== 12 || !ciphertext || tag?.length !== 16) return undefined;
    try {
      return new Uint8Array(await crypto.subtle.decrypt(params(iv, aad), key, concat(ciphertext, tag)));
    } catch {
      return undefined; // OperationError: the tag is the only thing left to refuse
    }
  },
  join(head, characters, string) {
    const bytes = decode(characters);
    return bytes && concat(head, bytes, utf8.encode(string));
  },
  toBase64url: (bytes, start, end) => encode(bytes.subarray(start, end)),
  toText: (bytes, start) => text.decode(bytes.subarray(start)),
};
