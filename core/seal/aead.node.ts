import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomFillSync } from "node:crypto";
import type { Engine } from "./aead.js";

const ALGORITHM = "aes-256-gcm";
const IV_BYTES = 12;

// A system call for each IV would cost as much as the cipher: drawn 64 at a time, each handed out once.
const pool = Buffer.alloc(64 * IV_BYTES);
let drawn = pool.length;

function nextIv(): Buffer {
  if (drawn === pool.length) {
    randomFillSync(pool);
    drawn = 0;
  }
  return pool.subarray(drawn, (drawn += IV_BYTES));
}

/** Node decodes leniently (RFC 4648 3.3 allows it): only what encodes to the same text was canonical. */
function decode(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64url");
  return bytes.toString("base64url") === text ? bytes : undefined;
}

/** A view without a copy. */
const view = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Synchronous: no thread is worth two kilobytes. Also the engine of Bun and Deno. */
export const engine: Engine<{ readonly key: KeyObject; readonly aad: Buffer }> = {
  name: "node",
  importKey: (bytes, header) => ({ key: createSecretKey(bytes), aad: Buffer.from(header) }),
  seal({ key, aad }, plaintext, iv = nextIv()) {
    const cipher = createCipheriv(ALGORITHM, key, iv);
    cipher.setAAD(aad);
    const ciphertext = cipher.update(plaintext);
    cipher.final(); // empty: GCM holds nothing back
    const tag = cipher.getAuthTag();
    return `${view(iv).toString("base64url")}.${ciphertext.toString("base64url")}.${tag.toString("base64url")}`;
  },
  open({ key, aad }, segments) {
    const end = segments.length - 23;
    if (segments[16] !== "." || segments[end] !== ".") return undefined;
    const iv = decode(segments.slice(0, 16));
    const tag = decode(segments.slice(end + 1));
    const ciphertext = decode(segments.slice(17, end));
    if (!iv || !tag || !ciphertext) return undefined;
    const decipher = createDecipheriv(ALGORITHM, key, iv);
    decipher.setAAD(aad);
    decipher.setAuthTag(tag);
    const plaintext = decipher.update(ciphertext);
    try {
      decipher.final();
    } catch {
      return undefined; // the only thing that final can refuse is the tag
    }
    return plaintext;
  },
  toBase64url: (bytes) => view(bytes).toString("base64url"),
  fromBase64url: decode,
  toUtf8: (text) => Buffer.from(text),
  fromUtf8: (bytes) => view(bytes).toString(),
};
