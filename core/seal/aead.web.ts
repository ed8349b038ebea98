import type { EngineKey } from "./aead.js";

type Params = { name: "AES-GCM"; iv: Uint8Array; additionalData: Uint8Array };
declare const crypto: {
  getRandomValues<Bytes extends Uint8Array>(bytes: Bytes): Bytes;
  subtle: {
    digest(name: "SHA-256", data: Uint8Array): Promise<ArrayBuffer>;
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

const TAG_BYTES = 16;

export function toBase64url(bytes: Uint8Array, start = 0, end = bytes.length): string {
  let binary = "";
  for (const byte of bytes.subarray(start, end)) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** `atob` is lenient (RFC 4648 3.3, 3.5): only what encodes to the same text again was canonical. */
function decode(text: string): Uint8Array | undefined {
  try {
    const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = new Uint8Array(binary.length);
    for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at);
    return toBase64url(bytes) === text ? bytes : undefined;
  } catch {
    return undefined; // the only thing that it throws for is a text that is not base64
  }
}

function concat(left: ArrayLike<number>, right: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(left.length + right.length);
  bytes.set(left);
  bytes.set(right, left.length);
  return bytes;
}

const utf8 = new TextEncoder();
export const toBytes = (text: string): Uint8Array => utf8.encode(text);

const text = new TextDecoder("utf-8", { ignoreBOM: true });
export const toText = (bytes: Uint8Array, start = 0): string => text.decode(bytes.subarray(start));

export function join(head: readonly number[], characters: string, string: string): Uint8Array | undefined {
  const bytes = decode(characters);
  return bytes && concat(concat(head, bytes), toBytes(string));
}

const params = (iv: Uint8Array, additionalData: Uint8Array): Params => ({ name: "AES-GCM", iv, additionalData });

/** Web Crypto, wherever there is no node:crypto. Functions are `async`, since its promises may be of another realm. */
export const importKey = async (bytes: Uint8Array, header: string): Promise<WebKey> => ({
  key: await crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]),
  header,
  aad: toBytes(header),
});

export async function encrypt(
  { key, header, aad }: WebKey,
  plaintext: Uint8Array,
  iv = crypto.getRandomValues(new Uint8Array(12)),
): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.encrypt(params(iv, aad), key, plaintext));
  const tagAt = bytes.length - TAG_BYTES;
  return `${header}..${toBase64url(iv)}.${toBase64url(bytes, 0, tagAt)}.${toBase64url(bytes, tagAt)}`;
}

export async function decrypt({ key, aad }: WebKey, sealed: string): Promise<Uint8Array | undefined> {
  const [iv, ciphertext, tag, ...others] = sealed.split(".", 6).slice(2).map(decode);
  if (iv?.length !== 12 || !ciphertext || tag?.length !== TAG_BYTES || others.length > 0) return undefined;
  try {
    return new Uint8Array(await crypto.subtle.decrypt(params(iv, aad), key, concat(ciphertext, tag)));
  } catch {
    return undefined; // OperationError: the tag is the only thing left to refuse
  }
}

export const sha256 = async (text: string): Promise<string> =>
  toBase64url(new Uint8Array(await crypto.subtle.digest("SHA-256", toBytes(text))));
