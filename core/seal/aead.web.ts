import type { Engine, EngineKey } from "./aead.js";

/** What is used of Web Crypto. The compiler of the core knows none: this file alone may have it. */
declare const crypto: {
  getRandomValues<T extends Uint8Array>(bytes: T): T;
  readonly subtle: {
    importKey(
      format: "raw",
      raw: Uint8Array,
      algorithm: string,
      extractable: boolean,
      usages: string[],
    ): Promise<EngineKey>;
    encrypt(algorithm: AesGcm, key: EngineKey, data: Uint8Array): Promise<ArrayBuffer>;
    decrypt(algorithm: AesGcm, key: EngineKey, data: Uint8Array): Promise<ArrayBuffer>;
  };
};

interface AesGcm {
  name: "AES-GCM";
  iv: Uint8Array;
  additionalData: Uint8Array;
}

const TAG_LENGTH = 16;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

const parameters = (iv: Uint8Array, header: string): AesGcm => ({
  name: "AES-GCM",
  iv,
  additionalData: encoder.encode(header),
});

function encodeBase64url(bytes: Uint8Array): string {
  let binary = "";
  // Spread over the stack: no more at once than every runtime takes.
  for (let at = 0; at < bytes.length; at += 8192) binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(binary).replace(/=+$/, "").replace(/\+/g, "-").replace(/\//g, "_");
}

function decodeBase64url(text: string): Uint8Array | undefined {
  if (!/^[\w-]*$/.test(text) || text.length % 4 === 1) return undefined;
  const binary = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  // One spelling only: bits behind the last byte must be zero.
  return text.length % 4 === 0 || encodeBase64url(bytes.slice(-(bytes.length % 3))) === text.slice(-(text.length % 4))
    ? bytes
    : undefined;
}

/** Web Crypto: everywhere else. Methods that touch it are async, since its promises may be of another realm. */
export const engine: Engine = {
  name: "web",
  importKey: async (raw) => crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]),
  async encrypt(key, header, plaintext, iv = crypto.getRandomValues(new Uint8Array(12))) {
    const sealed = new Uint8Array(await crypto.subtle.encrypt(parameters(iv, header), key, plaintext));
    const end = sealed.length - TAG_LENGTH;
    return [iv, sealed.subarray(0, end), sealed.subarray(end)].map(encodeBase64url).join(".");
  },
  async decrypt(key, header, iv, ciphertext, tag) {
    const sealed = new Uint8Array(ciphertext.length + TAG_LENGTH);
    sealed.set(ciphertext);
    sealed.set(tag, ciphertext.length);
    try {
      return new Uint8Array(await crypto.subtle.decrypt(parameters(iv, header), key, sealed));
    } catch {
      // OperationError: the tag is not right. Nothing else can be told from it, and nothing is.
      return undefined;
    }
  },
  encodeText: (text) => encoder.encode(text),
  decodeText: (bytes) => decoder.decode(bytes),
  encodeBase64url,
  decodeBase64url,
};
