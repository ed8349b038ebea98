import { join, toBase64url, toBytes, toText } from "#aead";
import { isObject } from "../is-object.js";
import type { Codec } from "./sealer.js";

/**
 * The layouts of a plaintext, told apart by its first byte. JSON text never begins with a control character, so text
 * alone is its own layout. Layout 1 is this byte, the tokens, and JSON text in which a MARK stands for each of them.
 * First the shape of each token: the number of its segments, and the length of each in two bytes; after the last, a 0.
 * Then for each token the bytes that its characters, without the dots and with "A"s up to a multiple of four, stand for
 * in base64url.
 */
const PACKED = 1;
/** One byte, which JSON leaves as it is (RFC 8259 7). A payload with a DEL of its own goes without packing. */
const MARK = "\u007f";
/** How deep in a payload tokens are looked for. */
const DEPTH = 5;
/** The tokens of a payload, in the order in which JSON has them. */
interface Tokens {
  readonly shapes: number[];
  characters: string;
  count: number;
  /** Whether to ask of each token that it is base64url: not before one turned out not to be. */
  readonly careful: boolean;
}

/**
 * The bytes to seal: JSON, in which tokens (JWS, JWE) stand as the bytes that they stand for, since base64 of base64 is a
 * third larger. Exact for every JSON value: what is not quite a token stays text. Tokens are lifted out of the value, not
 * out of its text, so that JSON has a fifth of the characters to look at.
 * @throws TypeError when JSON has no text for the payload
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

/** The value with marks for tokens, copied only as far as they reach; what has a JSON form of its own stays as it is. */
function lift(value: unknown, tokens: Tokens, depth: number): unknown {
  if (!isObject(value) || depth === 0 || "toJSON" in value) return value;
  let copy: Record<string, unknown> | undefined;
  // As JSON goes: neither through what is inherited, nor through what a list has besides its items.
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

/** Takes a token in and gives its mark; the token itself when its shape or its characters cannot be kept. */
function take(token: string, tokens: Tokens): string {
  /** A shorter token may not get shorter: at most 11 bytes of shape, 2 of "A"s and a mark. */
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
 * The payload again.
 * @throws when the bytes have no layout of ours
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
  if (at !== end || used !== characters.length) throw new RangeError("not a layout of ours");
  return payload;
}

/** Puts what `next` gives in the place of each mark, in the order in which tokens were lifted. */
function settle(value: unknown, depth: number, next: () => string): void {
  if (!isObject(value) || depth === 0) return;
  for (const key in value) {
    const part = value[key];
    if (part === MARK) value[key] = next();
    else settle(part, depth - 1, next);
  }
}

/** JSON in which tokens stand as bytes. */
export const packed: Codec = { pack, unpack };
