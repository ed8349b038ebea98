import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomFillSync } from "node:crypto";
import type { Engine, EngineKey } from "./aead.js";

/** Random bytes are drawn for many seals at once; each twelve are handed out once. */
const pool = Buffer.allocUnsafe(12 * 256);
let drawn = pool.length;

function nextIv(): Uint8Array {
  if (drawn === pool.length) {
    randomFillSync(pool);
    drawn = 0;
  }
  drawn += 12;
  return pool.subarray(drawn - 12, drawn);
}

const keyObject = (key: EngineKey) => key as unknown as KeyObject;
const asBuffer = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Characters that Node's lenient decoder takes for others, or passes over. */
const lastBits = (text: string): number => {
  const code = text.charCodeAt(text.length - 1);
  if (code === 45) return 62;
  if (code === 95) return 63;
  return code >= 97 ? code - 71 : code >= 65 ? code - 65 : code + 4;
};

/** Node's own AES: synchronous, and three to five times as fast there as Web Crypto. */
export const engine: Engine = {
  name: "node",
  importKey: (raw) => createSecretKey(raw) as unknown as EngineKey,
  encrypt(key, header, plaintext, iv = nextIv()) {
    const cipher = createCipheriv("aes-256-gcm", keyObject(key), iv);
    cipher.setAAD(Buffer.from(header, "latin1"));
    const body = cipher.update(plaintext);
    cipher.final();
    return `${asBuffer(iv).toString("base64url")}.${body.toString("base64url")}.${cipher.getAuthTag().toString("base64url")}`;
  },
  decrypt(key, header, iv, ciphertext, tag) {
    const decipher = createDecipheriv("aes-256-gcm", keyObject(key), iv);
    decipher.setAAD(Buffer.from(header, "latin1"));
    decipher.setAuthTag(tag);
    const plaintext = decipher.update(ciphertext);
    try {
      decipher.final();
      return plaintext;
    } catch {
      // What the tag does not vouch for is never handed on.
      return undefined;
    }
  },
  encodeText: (text) => Buffer.from(text, "utf8"),
  decodeText: (bytes) => asBuffer(bytes).toString("utf8"),
  encodeBase64url: (bytes) => asBuffer(bytes).toString("base64url"),
  decodeBase64url(text) {
    const bytes = Buffer.from(text, "base64url");
    const { length } = text;
    // Node passes over what is not base64: then there are fewer bytes than characters promise.
    const whole = length % 4 !== 1 && bytes.length === (length * 3) >> 2 && !text.includes("+") && !text.includes("/");
    const spare = length % 4 === 2 ? 15 : length % 4 === 3 ? 3 : 0;
    return whole && (spare === 0 || (lastBits(text) & spare) === 0) ? bytes : undefined;
  },
};
