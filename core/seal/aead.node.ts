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
const TAG_BYTES = 16;
const TAG_CHARACTERS = 22;

interface NodeKey extends EngineKey {
  readonly key: KeyObject;
  /** The header's bytes (RFC 7516 5.1, step 14). */
  readonly aad: Buffer;
}

/**
 * What `toString` and `write` of a Buffer end in: without their look at the arguments a session takes a twentieth less.
 * They are not documented, so they are only used where they are.
 */
interface Native extends Buffer {
  base64urlSlice(start: number, end: number): string;
  base64urlWrite(text: string, at: number, size: number): number;
  utf8Slice(start: number, end: number): string;
  utf8Write(text: string, at: number, size: number): number;
  latin1Write(text: string, at: number, size: number): number;
}
const native = ["base64urlSlice", "base64urlWrite", "utf8Slice", "utf8Write", "latin1Write"].every(
  (name) => name in Buffer.prototype,
);

const writeBase64url = (bytes: Buffer, text: string, at: number, size: number): number =>
  native ? (bytes as Native).base64urlWrite(text, at, size) : bytes.write(text, at, size, "base64url");
/** As many bytes as characters: it is ASCII, which is written faster. */
function writeText(bytes: Buffer, text: string, at: number, size: number): void {
  if (!native) bytes.write(text, at, size, "utf8");
  else if (size === text.length) (bytes as Native).latin1Write(text, at, size);
  else (bytes as Native).utf8Write(text, at, size);
}

/** A view without a copy. */
const view = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const encode = (bytes: Buffer, start: number, end: number): string =>
  native ? (bytes as Native).base64urlSlice(start, end) : bytes.toString("base64url", start, end);

export const toBase64url = (bytes: Uint8Array, start = 0, end = bytes.length): string =>
  encode(view(bytes), start, end);

export function toText(bytes: Uint8Array, start = 0): string {
  const buffer = view(bytes);
  return native ? (buffer as Native).utf8Slice(start, bytes.length) : buffer.toString("utf8", start);
}

// A system call for each IV would cost as much as the cipher: drawn 64 at a time, each handed out once.
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

// What comes in is decoded here and what goes out is laid out here, to be read before anything else runs: a new Buffer
// for each costs a seal a twentieth.
const received = Buffer.alloc(16_384);
const outgoing = Buffer.alloc(16_384);
const receivedIv = received.subarray(0, IV_BYTES);
const receivedTag = received.subarray(IV_BYTES, IV_BYTES + TAG_BYTES);
const CIPHERTEXT_AT = IV_BYTES + TAG_BYTES;

/** The last characters that leave no bits over, by how many there are after the last whole group of four. */
const LAST = ["", "", "AQgw", "AEIMQUYcgkosw048"];

/**
 * Decodes canonical base64url: how many bytes, or -1. Node alone is lenient (RFC 4648 3.3, 3.5): it skips what it does not
 * know, takes the other alphabet, and drops bits that are over. Each is asked for, here and in `isAlphabet`, since to
 * encode again and compare costs three times as much.
 */
function decode(text: string, target: Buffer, at: number): number {
  const size = (text.length * 3) >> 2;
  const over = text.length & 3;
  const written = writeBase64url(target, text, at, size);
  return written === size && (over === 0 || LAST[over]!.includes(text[text.length - 1]!)) ? size : -1;
}

/** Whether nothing but base64url is taken for base64url: of a wider character Node reads the lower byte alone. */
const isAlphabet = (text: string): boolean =>
  Buffer.byteLength(text) === text.length && !text.includes("+") && !text.includes("/");

/** A key of Node's, also for Bun and Deno. */
export const importKey = (bytes: Uint8Array, header: string): NodeKey => ({
  key: createSecretKey(bytes),
  header,
  aad: Buffer.from(header),
});

/** Synchronous: no thread is worth two kilobytes. */
export function encrypt({ key, header, aad }: NodeKey, plaintext: Uint8Array, given?: Uint8Array): string {
  const iv = given ? { bytes: given, characters: toBase64url(given) } : nextIv();
  const cipher = createCipheriv(ALGORITHM, key, iv.bytes);
  cipher.setAAD(aad);
  const ciphertext = cipher.update(plaintext);
  cipher.final(); // empty: GCM holds nothing back
  const tag = encode(cipher.getAuthTag(), 0, TAG_BYTES);
  return `${header}..${iv.characters}.${encode(ciphertext, 0, ciphertext.length)}.${tag}`;
}

export function decrypt({ key, header, aad }: NodeKey, sealed: string): Uint8Array | undefined {
  const ivAt = header.length + 2;
  const ivEnd = ivAt + IV_CHARACTERS;
  const tagAt = sealed.length - TAG_CHARACTERS;
  if (sealed[ivEnd] !== "." || sealed[tagAt - 1] !== "." || !isAlphabet(sealed)) return undefined;
  const size = decode(sealed.slice(ivEnd + 1, tagAt - 1), received, CIPHERTEXT_AT);
  if (size < 0 || decode(sealed.slice(ivAt, ivEnd), received, 0) < 0) return undefined;
  if (decode(sealed.slice(tagAt), received, IV_BYTES) < 0) return undefined;
  const decipher = createDecipheriv(ALGORITHM, key, receivedIv);
  decipher.setAAD(aad);
  decipher.setAuthTag(receivedTag);
  const plaintext = decipher.update(received.subarray(CIPHERTEXT_AT, CIPHERTEXT_AT + size));
  try {
    decipher.final();
  } catch {
    return undefined; // the tag is the only thing that it can refuse
  }
  return plaintext;
}

export function join(head: readonly number[], characters: string, text: string): Uint8Array | undefined {
  const textAt = head.length + (characters.length * 3) / 4;
  const size = Buffer.byteLength(text);
  const end = textAt + size;
  const bytes = end > outgoing.length ? Buffer.allocUnsafe(end) : outgoing.subarray(0, end);
  for (let index = 0; index < head.length; index++) bytes[index] = head[index]!;
  if (!isAlphabet(characters) || decode(characters, bytes, head.length) < 0) return undefined;
  writeText(bytes, text, textAt, size);
  return bytes;
}

export const toBytes = (text: string): Uint8Array => join([], "", text) as Uint8Array;

export const sha256 = (text: string): string => createHash("sha256").update(text).digest("base64url");
