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

/** The real one: in an edge sandbox the global is a proxy, and what that makes stores bytes 25 times slower. */
const Bytes = Uint8Array.prototype.constructor as Uint8ArrayConstructor & {
  fromBase64?(text: string, options: object): Uint8Array;
};

/** Arguments of one call: every platform takes so many. */
const MANY = 8192;

/** What newer platforms do by themselves (ES2026). */
const BASE64URL = { alphabet: "base64url", omitPadding: true };
type Native = Uint8Array & { toBase64?(options: typeof BASE64URL): string };

export function toBase64url(bytes: Uint8Array, start = 0, end = bytes.length): string {
  const part = bytes.subarray(start, end) as Native;
  if (part.toBase64) return part.toBase64(BASE64URL);
  let binary = "";
  for (let at = 0; at < part.length; at += MANY) binary += String.fromCharCode(...part.subarray(at, at + MANY));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The last characters that leave no bits over, by how many there are after the last whole group of four. */
const LAST = ["", "", "AQgw", "AEIMQUYcgkosw048"];

/** Platforms are lenient (RFC 4648 3.3, 3.5): only the one canonical spelling is taken. */
function decode(text: string): Uint8Array | undefined {
  const over = text.length & 3;
  if (/[^\w-]/.test(text) || (over && !LAST[over]!.includes(text.at(-1)!))) return undefined;
  if (Bytes.fromBase64) return Bytes.fromBase64(text, BASE64URL);
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = new Bytes(binary.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

function concat(left: ArrayLike<number>, right: ArrayLike<number>): Uint8Array {
  const bytes = new Bytes(left.length + right.length);
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
  const bytes = new Bytes(await crypto.subtle.encrypt(params(iv, aad), key, plaintext));
  const tagAt = bytes.length - TAG_BYTES;
  return `${header}..${toBase64url(iv)}.${toBase64url(bytes, 0, tagAt)}.${toBase64url(bytes, tagAt)}`;
}

export async function decrypt({ key, aad }: WebKey, sealed: string): Promise<Uint8Array | undefined> {
  const [iv, ciphertext, tag, ...others] = sealed.split(".", 6).slice(2).map(decode);
  if (iv?.length !== 12 || !ciphertext || tag?.length !== TAG_BYTES || others.length > 0) return undefined;
  try {
    return new Bytes(await crypto.subtle.decrypt(params(iv, aad), key, concat(ciphertext, tag)));
  } catch {
    return undefined; // OperationError: the tag is the only thing left to refuse
  }
}

export const sha256 = async (text: string): Promise<string> =>
  toBase64url(new Bytes(await crypto.subtle.digest("SHA-256", toBytes(text))));
