import { engine } from "#aead";

/**
 * The layouts of a plaintext, told apart by its first byte. JSON text never begins with a control character, so text is
 * its own layout. Layout 1: this byte, the length of the text in two bytes, the text in UTF-8, the bytes of the tokens.
 * In the text each token is a mark, the number of its segments, and two characters of seven bits for the length of each.
 * The bytes are those that all characters of all tokens together stand for in base64url (without dots, "A"s at the end).
 */
const PACKED = 1;
/** JSON text holds no raw control character (RFC 8259 7): one can mark a place. */
const MARK = "\u0001";
/** Every JWS and JWE begins like this: base64url of `{"`. */
const TOKEN = '"eyJ';
/** A longer text cannot be opened either way (MAX_SEALED), and its lengths would need more than 14 bits. */
const MAX_TEXT = 0x3fff;
/** Below this a token costs more packed than plain. */
const MIN_TOKEN = 24;

/** From the first character of a token to after its last. */
type Run = readonly [start: number, end: number];

/**
 * JSON text as the bytes to seal: tokens (JWS, JWE) as the bytes that they stand for, since base64 of base64 is a third
 * larger. Exact for every text that `JSON.stringify` gives: what does not look like a token stays text.
 */
export function pack(text: string): Uint8Array {
  if (!text.includes(TOKEN) || text.length > MAX_TEXT) return engine.toUtf8(text);
  const runs = findRuns(text);
  // All at once; when one of them is not base64url after all, those that are.
  return (
    packRuns(text, runs) ??
    packRuns(
      text,
      runs.filter((run) => packRuns(text, [run])),
    )!
  );
}

function findRuns(text: string): Run[] {
  const runs: Run[] = [];
  for (let start = text.indexOf(TOKEN); start >= 0; ) {
    const end = text.indexOf('"', start + 1);
    if (end - start > MIN_TOKEN) runs.push([start + 1, end]);
    start = text.indexOf(TOKEN, end);
  }
  return runs;
}

function packRuns(text: string, runs: readonly Run[]): Uint8Array | undefined {
  let rest = "";
  let characters = "";
  let from = 0;
  for (const [start, end] of runs) {
    const lengths: number[] = [];
    for (let at = start; at <= end; ) {
      const dot = text.indexOf(".", at);
      const stop = dot < 0 || dot > end ? end : dot;
      characters += text.slice(at, stop);
      lengths.push((stop - at) >> 7, (stop - at) & 127);
      at = stop + 1;
    }
    if (lengths.length > 254) return undefined;
    rest += text.slice(from, start) + MARK + String.fromCharCode(lengths.length / 2, ...lengths);
    from = end;
  }
  const tail = engine.fromBase64url(characters + "AAA".slice((characters.length + 3) % 4));
  if (!tail) return undefined;
  const head = engine.toUtf8(rest + text.slice(from));
  const bytes = new Uint8Array(3 + head.length + tail.length);
  bytes[0] = PACKED;
  bytes[1] = head.length >> 8;
  bytes[2] = head.length;
  bytes.set(head, 3);
  bytes.set(tail, 3 + head.length);
  return bytes;
}

/** The same text again; undefined when the bytes have no layout of ours. */
export function unpack(bytes: Uint8Array): string | undefined {
  if (bytes[0] !== PACKED) return engine.fromUtf8(bytes);
  const split = 3 + (bytes[1]! << 8) + bytes[2]!;
  const rest = engine.fromUtf8(bytes.subarray(3, split));
  const characters = engine.toBase64url(bytes.subarray(split));
  let text = "";
  let from = 0;
  let used = 0;
  for (let mark = rest.indexOf(MARK); mark >= 0; mark = rest.indexOf(MARK, from)) {
    text += rest.slice(from, mark);
    from = mark + 2;
    for (let segments = rest.charCodeAt(mark + 1); segments > 0; segments--) {
      const length = (rest.charCodeAt(from++) << 7) + rest.charCodeAt(from++);
      text += characters.slice(used, (used += length)) + (segments > 1 ? "." : "");
    }
  }
  return used <= characters.length ? text + rest.slice(from) : undefined;
}
