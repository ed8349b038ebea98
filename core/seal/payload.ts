import { engine } from "#aead";

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
/** A shorter token is not worth a shape. */
const MIN_TOKEN = 40;

/** The tokens of a payload, in the order in which JSON has them. */
interface Tokens {
  readonly shapes: number[];
  characters: string;
  count: number;
}

/**
 * The bytes to seal: JSON, in which tokens (JWS, JWE) stand as the bytes that they stand for, since base64 of base64 is a
 * third larger. Exact for every JSON value: what is not quite a token stays text. Tokens are lifted out of the value, not
 * out of its text, so that JSON has a fifth of the characters to look at, both ways.
 * @param careful whether to ask of each token that it is base64url: not until one was found that is not
 * @returns undefined when JSON has no text for the payload
 */
export function pack(payload: unknown, careful = false): Uint8Array | undefined {
  const tokens: Tokens = { shapes: [PACKED], characters: "", count: 0 };
  const text = JSON.stringify(lift(payload, tokens, DEPTH, careful)) as string | undefined;
  if (text === undefined) return undefined;
  if (tokens.count === 0) return engine.join([], "", text);
  if (count(text, MARK) !== tokens.count) return engine.join([], "", JSON.stringify(payload));
  tokens.shapes.push(0);
  return engine.join(tokens.shapes, tokens.characters, text) ?? pack(payload, true);
}

/** The value with marks for tokens, copied only as far as they reach; what gives JSON another form of itself stays as it is. */
function lift(value: unknown, tokens: Tokens, depth: number, careful: boolean): unknown {
  if (typeof value === "string") return looksLikeToken(value) && take(value, tokens, careful) ? MARK : value;
  if (typeof value !== "object" || value === null || depth === 0 || !isPlain(value)) return value;
  let copy: Record<string, unknown> | undefined;
  for (const key in value) {
    const part = value[key];
    if (typeof part === "string" ? !looksLikeToken(part) : typeof part !== "object") continue;
    const lifted = Object.hasOwn(value, key) ? lift(part, tokens, depth - 1, careful) : part;
    if (lifted === part) continue;
    copy ??= (Array.isArray(value) ? [...value] : { ...value }) as Record<string, unknown>;
    copy[key] = lifted;
  }
  return copy ?? value;
}

/** Every JOSE header is a JSON object: base64url of `{"`. */
const looksLikeToken = (text: string): boolean => text.startsWith("eyJ") && text.length >= MIN_TOKEN;

/** Neither a Date or the like (`toJSON`), nor a boxed value. */
const isPlain = (value: object): value is Record<string, unknown> =>
  !("toJSON" in value) && (Array.isArray(value) || Object.prototype.toString.call(value) === "[object Object]");

function count(text: string, part: string): number {
  let found = 0;
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) found++;
  return found;
}

/** Takes a token in; false when its shape or (when careful) its characters cannot be kept. */
function take(token: string, tokens: Tokens, careful: boolean): boolean {
  const shape = [0];
  let characters = "";
  for (let from = 0, end = 0; end < token.length; from = end + 1) {
    const dot = token.indexOf(".", from);
    end = dot < 0 ? token.length : dot;
    characters += token.slice(from, end);
    shape[0]!++;
    shape.push((end - from) >> 8, (end - from) & 255);
  }
  characters += "AAA".slice((characters.length + 3) & 3);
  if (shape[0]! > 5 || token.length > 0xffff || (careful && !engine.join([], characters, ""))) return false;
  tokens.shapes.push(...shape);
  tokens.characters += characters;
  tokens.count++;
  return true;
}

/**
 * The payload again.
 * @throws when the bytes have no layout of ours
 */
export function unpack(bytes: Uint8Array): unknown {
  if (bytes[0] !== PACKED) return JSON.parse(engine.toText(bytes, 0));
  let end = 1;
  let size = 0;
  while (bytes[end]) {
    let length = 0;
    for (let segments = bytes[end++]!; segments > 0; segments--) length += (bytes[end++]! << 8) + bytes[end++]!;
    size += (length + 3) & ~3;
  }
  const textAt = end + 1 + (size * 3) / 4;
  const characters = engine.toBase64url(bytes, end + 1, textAt);
  let at = 1;
  let used = 0;
  const payload = settle(JSON.parse(engine.toText(bytes, textAt)), DEPTH, () => {
    let token = "";
    for (let segment = bytes[at++]!; segment > 0; segment--) {
      const from = used;
      used += (bytes[at++]! << 8) + bytes[at++]!;
      token += characters.slice(from, used);
      if (segment > 1) token += ".";
    }
    used = (used + 3) & ~3;
    return token;
  });
  if (at !== end || characters.length !== size) throw new RangeError("not a layout of ours");
  return payload;
}

/** Puts what `next` gives in the place of each mark, in the order in which tokens were lifted. */
function settle(value: unknown, depth: number, next: () => string): unknown {
  if (value === MARK) return next();
  if (typeof value !== "object" || value === null || depth === 0) return value;
  const parts = value as Record<string, unknown>;
  for (const key in parts) {
    const part = parts[key];
    if (part === MARK) parts[key] = next();
    else if (typeof part === "object") settle(part, depth - 1, next);
  }
  return value;
}
