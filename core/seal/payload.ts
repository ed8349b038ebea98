import { join, toBase64url, toBytes, toText } from "#aead";
import { isObject } from "../is-object.js";
import type { Codec } from "./sealer.js";

/**
 * The first byte of a plaintext with tokens. A plaintext without tokens is JSON text, which never begins with a control
 * character. A plaintext with tokens is, in this order:
 *
 * 1. this byte;
 * 2. the shape of each token: the number of its segments, and the length of each segment in two bytes;
 * 3. a 0;
 * 4. the bytes of each token: its characters without dots, filled up with "A" to a multiple of four, decoded as base64url;
 * 5. JSON text, in which a MARK stands for each token.
 */
const PACKED = 1;
/** DEL: one byte, which JSON does not escape (RFC 8259 7). A payload that has a DEL itself is not packed. */
const MARK = "\u007f";
/** Levels of a payload that are searched for tokens. */
const DEPTH = 5;

/** The tokens of a payload, in the order of the JSON text. */
interface Tokens {
  readonly shapes: number[];
  characters: string;
  count: number;
  /** Whether to check that each token is base64url: only in a second try, after one was not. */
  readonly careful: boolean;
}

/**
 * The bytes to seal: JSON text, with tokens (JWS, JWE) decoded to raw bytes, since base64 of base64 is a third larger. Exact
 * for every JSON value: a string that is almost a token stays text. Tokens are taken out of the value before it becomes text,
 * so that `JSON.stringify` has a fifth of the characters to escape.
 * @throws TypeError when the payload is not a JSON value
 */
export function pack(payload: unknown, careful = false): Uint8Array {
  const tokens: Tokens = { shapes: [PACKED], characters: "", count: 0, careful };
  let text = JSON.stringify(lift(payload, tokens, DEPTH)) as string | undefined;
  if (text === undefined) throw new TypeError("not a JSON value");
  if (tokens.count > 0) {
    let surplus = -tokens.count;
    for (let at = text.indexOf(MARK); at >= 0; at = text.indexOf(MARK, at + 1)) surplus++;
    tokens.shapes.push(0);
    if (surplus === 0) return join(tokens.shapes, tokens.characters, text) ?? pack(payload, true);
    text = JSON.stringify(payload);
  }
  return toBytes(text);
}

/** The value with marks in the place of tokens; only objects with tokens are copied. Objects with `toJSON` stay as they are. */
function lift(value: unknown, tokens: Tokens, depth: number): unknown {
  if (!isObject(value) || depth === 0 || "toJSON" in value) return value;
  let copy: Record<string, unknown> | undefined;
  // As `JSON.stringify` does: no inherited properties, and of a list only its items.
  for (const key of Array.isArray(value) ? value.keys() : Object.keys(value)) {
    const part = value[key];
    if (typeof part === "string" ? !part.startsWith("eyJ") : !isObject(part)) continue;
    const lifted = typeof part === "string" ? take(part, tokens) : lift(part, tokens, depth - 1);
    if (lifted !== part) {
      copy ??= (Array.isArray(value) ? [...value] : { ...value }) as Record<string, unknown>;
      copy[key] = lifted;
    }
  }
  return copy ?? value;
}

/** Adds a token to `tokens` and returns a mark; returns the token when its shape or its characters cannot be packed. */
function take(token: string, tokens: Tokens): string {
  /** Packing a shorter token may not save bytes: its shape takes up to 11, filling up 2, the mark 1. */
  const MIN_TOKEN = 64;
  const { shapes, careful } = tokens;
  const before = shapes.push(0);
  let characters = "";
  for (let from = 0, end = 0; end < token.length; from = end + 1) {
    const dot = token.indexOf(".", from);
    end = dot < 0 ? token.length : dot;
    characters += token.slice(from, end);
    shapes.push((end - from) >> 8, (end - from) & 255);
  }
  const segments = (shapes.length - before) / 2;
  characters += "AAA".slice((characters.length + 3) & 3);
  if (token.length < MIN_TOKEN || token.length > 0xffff || segments > 5 || (careful && !join([], characters, ""))) {
    shapes.length = before - 1;
    return token;
  }
  shapes[before - 1] = segments;
  tokens.characters += characters;
  tokens.count++;
  return MARK;
}

/**
 * The payload of packed bytes.
 * @throws when the bytes were not made by `pack`
 */
export function unpack(bytes: Uint8Array): unknown {
  if (bytes[0] !== PACKED) return JSON.parse(toText(bytes, 0));
  let end = 1;
  let size = 0;
  while (bytes[end]) {
    let length = 3;
    for (let segments = bytes[end++]!; segments > 0; segments--) length += (bytes[end++]! << 8) + bytes[end++]!;
    size += length & ~3;
  }
  const textAt = end + 1 + (size * 3) / 4;
  const characters = toBase64url(bytes, end + 1, textAt);
  const payload = JSON.parse(toText(bytes, textAt));
  let at = 1;
  let used = 0;
  settle(payload, DEPTH, () => {
    let token = "";
    for (let segments = bytes[at++]!; segments > 0; segments--) {
      const from = used;
      used += (bytes[at++]! << 8) + bytes[at++]!;
      token += characters.slice(from, used) + (segments > 1 ? "." : "");
    }
    used = (used + 3) & ~3;
    return token;
  });
  if (at !== end || used !== characters.length) throw new RangeError("not packed by latchkey");
  return payload;
}

/** Replaces each mark by the next token, in the order of the JSON text. */
function settle(value: unknown, depth: number, next: () => string): void {
  if (!isObject(value) || depth === 0) return;
  for (const key in value) {
    const part = value[key];
    if (part === MARK) value[key] = next();
    else settle(part, depth - 1, next);
  }
}

/**
 * A codec that stores JWTs as raw bytes, about a quarter smaller. For sessions that hold tokens of the app's own; sessions of
 * a sign-in always use it.
 *
 * @example
 * ```ts
 * import { createSessions, packed } from "latchkey";
 *
 * const sessions = createSessions<{ token: string }>({ secret: process.env.LATCHKEY_SECRET ?? "", codec: packed });
 * ```
 */
export const packed: Codec = { pack, unpack };
