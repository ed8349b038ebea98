import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomFillSync } from "node:crypto";
import type { Engine, EngineKey } from "./aead.js";

const ALGORITHM = "aes-256-gcm";
const IV_BYTES = 12;
const IV_CHARACTERS = 16;
const TAG_CHARACTERS = 22;

interface NodeKey extends EngineKey {
  readonly key: KeyObject;
  /** The header's bytes (RFC 7516 5.1, step 14). */
  readonly aad: Buffer;
}

// A system call for each IV would cost as much as the cipher: drawn 64 at a time, each handed out once.
const pool = Buffer.alloc(64 * IV_BYTES);
const ivs = Array.from({ length: 64 }, (_, index) => pool.subarray(index * IV_BYTES, (index + 1) * IV_BYTES));
let left = 0;

function nextIv(): Buffer {
  if (left === 0) {
    randomFillSync(pool);
    left = ivs.length;
  }
  return ivs[--left]!;
}

// What was sent is decoded here, and read before anything else runs: all of this engine is synchronous.
const received = Buffer.alloc(16_384);
const receivedIv = received.subarray(0, IV_BYTES);
const receivedTag = received.subarray(IV_BYTES, IV_BYTES + 16);
const CIPHERTEXT_AT = IV_BYTES + 16;

/** The last characters that leave no bits over, by how many there are after the last whole group of four. */
const LAST = ["", "", "AQgw", "AEIMQUYcgkosw048"];

/**
 * Decodes into `target`, canonical base64url only: how many bytes, or -1. Node alone is lenient (RFC 4648 3.3): it skips
 * what it does not know, takes the other alphabet as well and drops bits that are over. Each is asked for here, since to
 * encode again and compare costs three times as much; `isBase64url` has asked for the alphabet.
 */
function decode(text: string, target: Buffer, at: number): number {
  const size = (text.length * 3) >> 2;
  const rest = text.length & 3;
  const written = target.write(text, at, size, "base64url");
  return written === size && (rest === 0 || LAST[rest]!.includes(text[text.length - 1]!)) ? size : -1;
}

/** Whether all that Node takes for base64url in a text is just that. */
const isBase64url = (text: string): boolean =>
  Buffer.byteLength(text) === text.length && !text.includes("+") && !text.includes("/");

/** A view without a copy. */
const view = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Synchronous: no thread is worth two kilobytes. Also the engine of Bun and Deno. */
export const engine: Engine<NodeKey> = {
  name: "node",
  importKey: (bytes, header) => ({ key: createSecretKey(bytes), header, aad: Buffer.from(header) }),
  seal({ key, header, aad }, plaintext, iv = nextIv()) {
    const cipher = createCipheriv(ALGORITHM, key, iv);
    cipher.setAAD(aad);
    const ciphertext = cipher.update(plaintext).toString("base64url");
    cipher.final(); // empty: GCM holds nothing back
    return `${header}..${view(iv).toString("base64url")}.${ciphertext}.${cipher.getAuthTag().toString("base64url")}`;
  },
  open({ key, header, aad }, sealed) {
    const ivAt = header.length + 2;
    const ivEnd = ivAt + IV_CHARACTERS;
    const tagAt = sealed.length - TAG_CHARACTERS;
    if (sealed[ivEnd] !== "." || sealed[tagAt - 1] !== "." || !isBase64url(sealed)) return undefined;
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
  },
  join(head, characters, text) {
    const textAt = head.length + (characters.length * 3) / 4;
    const bytes = Buffer.allocUnsafe(textAt + Buffer.byteLength(text));
    for (let index = 0; index < head.length; index++) bytes[index] = head[index]!;
    if (!isBase64url(characters) || decode(characters, bytes, head.length) < 0) return undefined;
    bytes.write(text, textAt, "utf8");
    return bytes;
  },
  toBase64url: (bytes, start, end) => view(bytes).toString("base64url", start, end),
  toText: (bytes, start) => view(bytes).toString("utf8", start),
};
