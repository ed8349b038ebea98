import { engine } from "#aead";

/**
 * JSON text, in which base64url is packed as the bytes it stands for. JSON text has no raw control characters, so one of
 * them can mark a place: `"eyJh.eyJz.c2ln"` becomes `"^.^.^"`, and the bytes follow.
 *
 * Plain: the text in UTF-8. Packed: 0x01, the text's length (16 bits, big-endian), the text with 0x01 for each segment,
 * then for each segment its length (16 bits) and its bytes.
 */
const MARK = "\u0001";
const MARK_BYTE = 1;

/** Every JWT begins so: base64url of `{"`, behind the quote that begins a JSON string. */
const BEGIN = '"eyJ';
const LONGEST = 0xffff;

/** The bytes to seal for a JSON text. */
export function packText(text: string): Uint8Array {
  const segments: Uint8Array[] = [];
  let marked = "";
  let copied = 0;
  for (let at = text.indexOf(BEGIN); at >= 0; at = text.indexOf(BEGIN, at + BEGIN.length)) {
    const end = text.indexOf('"', at + BEGIN.length);
    if (end < 0) break;
    const packed = packRun(text.slice(at + 1, end), segments);
    if (packed === undefined) continue;
    marked += text.slice(copied, at + 1) + packed;
    copied = end;
  }
  if (segments.length === 0) return engine.encodeText(text);
  const head = engine.encodeText(marked + text.slice(copied));
  return head.length > LONGEST ? engine.encodeText(text) : layOut(head, segments);
}

/** A run of segments joined by dots, as marks; undefined, and nothing packed, unless each is the one spelling of its bytes. */
function packRun(run: string, segments: Uint8Array[]): string | undefined {
  const before = segments.length;
  const parts = run.split(".");
  for (const part of parts) {
    const bytes = part === "" ? undefined : engine.decodeBase64url(part);
    if ((bytes === undefined && part !== "") || (bytes && bytes.length > LONGEST)) {
      segments.length = before;
      return undefined;
    }
    if (bytes) segments.push(bytes);
  }
  return parts.map((part) => part && MARK).join(".");
}

function layOut(head: Uint8Array, segments: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(segments.reduce((sum, segment) => sum + 2 + segment.length, 3 + head.length));
  let at = 1;
  const put = (part: Uint8Array) => {
    bytes[at] = part.length >> 8;
    bytes[at + 1] = part.length;
    bytes.set(part, at + 2);
    at += 2 + part.length;
  };
  bytes[0] = MARK_BYTE;
  put(head);
  for (const segment of segments) put(segment);
  return bytes;
}

/** The JSON text that was packed; undefined when the bytes are not laid out as {@link packText} does. */
export function unpackText(bytes: Uint8Array): string | undefined {
  if (bytes[0] !== MARK_BYTE) return engine.decodeText(bytes);
  let at = 1;
  const next = (): Uint8Array | undefined => {
    const start = at + 2;
    at = start + (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0));
    return at <= bytes.length ? bytes.subarray(start, at) : undefined;
  };
  const head = next();
  if (!head) return undefined;
  const [first = "", ...rest] = engine.decodeText(head).split(MARK);
  let text = first;
  for (const part of rest) {
    const segment = next();
    if (!segment) return undefined;
    text += engine.encodeBase64url(segment) + part;
  }
  return at === bytes.length ? text : undefined;
}
