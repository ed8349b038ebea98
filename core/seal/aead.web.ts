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

const IV_BYTES = 12;
const IV_CHARACTERS = 16;
const TAG_BYTES = 16;
const TAG_CHARACTERS = 22;

/**
 * The class of this realm. In an edge sandbox the global `Uint8Array` is a proxy, and writing into the arrays that it makes takes
 * 25 times as long.
 */
const Bytes = Uint8Array.prototype.constructor as Uint8ArrayConstructor;

/** Looked up once: in an edge sandbox each use of the global `String` takes a tenth of a microsecond. */
const { fromCharCode } = String;

const utf8 = new TextEncoder();
const text = new TextDecoder("utf-8", { ignoreBOM: true });

/** Options of the conversions that newer platforms have (ES2026), many times as fast as those of old. */
const BASE64URL = { alphabet: "base64url", omitPadding: true };
type Native = Uint8Array & {
  toBase64?(options: typeof BASE64URL): string;
  setFromBase64?(text: string, options: typeof BASE64URL): { readonly written: number };
};

export function toBase64url(bytes: Uint8Array, start = 0, end = bytes.length): string {
  const part = bytes.subarray(start, end) as Native;
  if (part.toBase64) return part.toBase64(BASE64URL);
  let binary = "";
  for (let at = 0; at < part.length; at++) binary += fromCharCode(part[at]!);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/**
 * The index: how many characters come after the last whole group of four. The value: the last characters that are allowed then,
 * because they encode no surplus bits.
 */
const LAST = ["", "", "AQgw", "AEIMQUYcgkosw048"];

/**
 * The bytes of canonical base64url, with room for other bytes before and after; undefined for another spelling, which platforms
 * accept too (RFC 4648 3.3, 3.5).
 */
function decode(characters: string, before = 0, after = 0): Uint8Array | undefined {
  const over = characters.length & 3;
  if (over && !LAST[over]!.includes(characters.at(-1)!)) return undefined;
  const bytes = new Bytes(before + ((characters.length * 3) >> 2) + after);
  const part = bytes.subarray(before, bytes.length - after) as Native;
  try {
    // `setFromBase64` skips blanks and padding: the bytes are then fewer.
    if (part.setFromBase64)
      return part.setFromBase64(characters, BASE64URL).written === part.length ? bytes : undefined;
    // `atob` skips blanks as well, and takes the other alphabet.
    if (/[^\w-]/.test(characters)) return undefined;
    const binary = atob(characters.replaceAll("-", "+").replaceAll("_", "/"));
    for (let at = 0; at < part.length; at++) part[at] = binary.charCodeAt(at);
    return bytes;
  } catch {
    return undefined; // a character that is not of the alphabet
  }
}

export const toBytes = (text: string): Uint8Array => utf8.encode(text);

export const toText = (bytes: Uint8Array, start = 0): string => text.decode(bytes.subarray(start));

export function join(head: readonly number[], characters: string, string: string): Uint8Array | undefined {
  const rest = toBytes(string);
  const bytes = decode(characters, head.length, rest.length);
  bytes?.set(head);
  bytes?.set(rest, bytes.length - rest.length);
  return bytes;
}

const params = (iv: Uint8Array, additionalData: Uint8Array): Params => ({ name: "AES-GCM", iv, additionalData });

/** Web Crypto's promises may be of another realm; these functions are `async`, so that their promises are of this one. */
export const importKey = async (bytes: Uint8Array, header: string): Promise<WebKey> => ({
  key: await crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]),
  header,
  aad: toBytes(header),
});

export async function encrypt(
  { key, header, aad }: WebKey,
  plaintext: Uint8Array,
  iv = crypto.getRandomValues(new Bytes(IV_BYTES)),
): Promise<string> {
  const bytes = new Bytes(await crypto.subtle.encrypt(params(iv, aad), key, plaintext));
  const tagAt = bytes.length - TAG_BYTES;
  return `${header}..${toBase64url(iv)}.${toBase64url(bytes, 0, tagAt)}.${toBase64url(bytes, tagAt)}`;
}

export async function decrypt({ key, header, aad }: WebKey, sealed: string): Promise<Uint8Array | undefined> {
  const ivAt = header.length + 2;
  const ivEnd = ivAt + IV_CHARACTERS;
  const tagAt = sealed.length - TAG_CHARACTERS;
  if (sealed[ivEnd] !== "." || sealed[tagAt - 1] !== ".") return undefined;
  const iv = decode(sealed.slice(ivAt, ivEnd));
  const bytes = decode(sealed.slice(ivEnd + 1, tagAt - 1), 0, TAG_BYTES);
  const tag = decode(sealed.slice(tagAt));
  if (!iv || !bytes || !tag) return undefined;
  bytes.set(tag, bytes.length - TAG_BYTES);
  try {
    return new Bytes(await crypto.subtle.decrypt(params(iv, aad), key, bytes));
  } catch {
    return undefined; // OperationError: after the checks above, only the tag can be wrong
  }
}

export const sha256 = async (text: string): Promise<string> =>
  toBase64url(new Bytes(await crypto.subtle.digest("SHA-256", toBytes(text))));
