import { Buffer } from "node:buffer";
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  type KeyObject,
  randomFillSync,
} from "node:crypto";
import type { EngineKey } from "./aead.js";

const ALGORITHM = "aes-256-gcm";
const IV_BYTES = 12;
const IV_CHARACTERS = 16;
const TAG_CHARACTERS = 22;

interface NodeKey extends EngineKey {
  readonly key: KeyObject;
  /** The header's bytes (RFC 7516 5.1, step 14). */
  readonly aad: Buffer;
}

/** The same bytes as a Buffer, without a copy. */
const view = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export const toBase64url = (bytes: Uint8Array, start = 0, end = bytes.length): string =>
  view(bytes).toString("base64url", start, end);

export const toText = (bytes: Uint8Array, start = 0): string => view(bytes).toString("utf8", start);

// A system call for each IV would cost as much as the cipher, so 64 are drawn at a time. Each is used once.
const pool = Buffer.alloc(64 * IV_BYTES);
const ivs = Array.from({ length: 64 }, (_, index) => ({
  bytes: pool.subarray(index * IV_BYTES, (index + 1) * IV_BYTES) as Uint8Array,
  characters: "",
}));
let left = 0;

function nextIv() {
  if (left === 0) {
    randomFillSync(pool);
    const characters = toBase64url(pool);
    for (const iv of ivs) iv.characters = characters.slice(IV_CHARACTERS * left, IV_CHARACTERS * ++left);
  }
  return ivs[--left]!;
}

/**
 * The index: how many characters come after the last whole group of four. The value: the last characters that are allowed then,
 * because they encode no surplus bits.
 */
const LAST = ["", "", "AQgw", "AEIMQUYcgkosw048"];

/**
 * The bytes of canonical base64url; otherwise undefined. Node accepts other spellings too (RFC 4648 3.3, 3.5): it skips
 * characters that it does not know, which shows in the length; it takes the alphabet of plain base64, which `isAlphabet` refuses;
 * and it drops surplus bits, which show in the last character. To encode the bytes again and compare would cost three times as much.
 */
function decode(text: string): Buffer | undefined {
  const over = text.length & 3;
  const bytes = Buffer.from(text, "base64url");
  const isWhole = bytes.length === (text.length * 3) >> 2;
  return isWhole && (over === 0 || LAST[over]!.includes(text[text.length - 1]!)) ? bytes : undefined;
}

/** False for the alphabet of plain base64, and for characters beyond ASCII, of which Node reads the lower byte alone. */
const isAlphabet = (text: string): boolean =>
  Buffer.byteLength(text) === text.length && !text.includes("+") && !text.includes("/");

/** Also on Bun and Deno, which have `node:crypto`. */
export const importKey = (bytes: Uint8Array, header: string): NodeKey => ({
  key: createSecretKey(bytes),
  header,
  aad: Buffer.from(header),
});

/** Synchronous: handing two kilobytes to another thread would cost more than encrypting them. */
export function encrypt({ key, header, aad }: NodeKey, plaintext: Uint8Array, iv?: Uint8Array): string {
  const { bytes, characters } = iv ? { bytes: iv, characters: toBase64url(iv) } : nextIv();
  const cipher = createCipheriv(ALGORITHM, key, bytes);
  cipher.setAAD(aad);
  const ciphertext = cipher.update(plaintext);
  cipher.final(); // returns no bytes: GCM keeps none back
  return `${header}..${characters}.${ciphertext.toString("base64url")}.${cipher.getAuthTag().toString("base64url")}`;
}

export function decrypt({ key, header, aad }: NodeKey, sealed: string): Uint8Array | undefined {
  const ivAt = header.length + 2;
  const ivEnd = ivAt + IV_CHARACTERS;
  const tagAt = sealed.length - TAG_CHARACTERS;
  if (sealed[ivEnd] !== "." || sealed[tagAt - 1] !== "." || !isAlphabet(sealed)) return undefined;
  const iv = decode(sealed.slice(ivAt, ivEnd));
  const ciphertext = decode(sealed.slice(ivEnd + 1, tagAt - 1));
  const tag = decode(sealed.slice(tagAt));
  if (!iv || !ciphertext || !tag) return undefined;
  const decipher = createDecipheriv(ALGORITHM, key, iv);
  decipher.setAAD(aad);
  decipher.setAuthTag(tag);
  const plaintext = decipher.update(ciphertext);
  try {
    decipher.final();
  } catch {
    return undefined; // the tag is wrong: `final` throws for nothing else
  }
  return plaintext;
}

export function join(head: readonly number[], characters: string, text: string): Uint8Array | undefined {
  if (!isAlphabet(characters)) return undefined;
  const textAt = head.length + (characters.length * 3) / 4;
  const size = Buffer.byteLength(text);
  const bytes = Buffer.allocUnsafe(textAt + size);
  for (let index = 0; index < head.length; index++) bytes[index] = head[index]!;
  if (bytes.write(characters, head.length, "base64url") !== textAt - head.length) return undefined;
  // As many bytes as characters: the text is ASCII, which Node writes faster as latin1.
  bytes.write(text, textAt, size, size === text.length ? "latin1" : "utf8");
  return bytes;
}

export const toBytes = (text: string): Uint8Array => Buffer.from(text);

export const sha256 = (text: string): string => createHash("sha256").update(text).digest("base64url");
