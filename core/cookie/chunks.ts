/** More than this are never written, and never looked at (S32). */
export const MAX_CHUNKS = 8;

/**
 * Why a set of chunks counts as absent: one is missing or of another write (`torn`), there are more than the first says
 * (`surplus`), or one was sent twice (`duplicated`).
 */
export type ChunkRefusal = "torn" | "surplus" | "duplicated";

/** What a set of chunks holds. */
export type Chunked =
  | { readonly ok: true; readonly value: string }
  | { readonly ok: false; readonly reason: ChunkRefusal };

/** Characters of a write's id: the last ones of the value, which end an authentication tag and so are as good as random. */
const ID_LENGTH = 6;

/**
 * Cuts a value into those of `.0`, `.1` and so on: each begins with the six characters that the whole value ends with,
 * and the first has one digit more in front, the number of chunks. To read: drop these seven and six characters, join.
 * `room(index)` says how many characters fit there. Undefined when more than {@link MAX_CHUNKS} would be needed.
 */
export function splitValue(value: string, room: (index: number) => number): string[] | undefined {
  const id = value.slice(-ID_LENGTH);
  const parts: string[] = [];
  for (let at = 0; at < value.length || parts.length === 0; ) {
    if (parts.length === MAX_CHUNKS) return undefined;
    const fits = room(parts.length) - ID_LENGTH - (parts.length === 0 ? 1 : 0);
    if (fits < 1) return undefined;
    parts.push(id + value.slice(at, at + fits));
    at += fits;
  }
  parts[0] = `${parts.length}${parts[0]}`;
  return parts;
}

/** The value of a set of chunks by index; undefined when there is none at all. */
export function joinChunks(parts: ReadonlyMap<number, string>): Chunked | undefined {
  if (parts.size === 0) return undefined;
  const first = parts.get(0) ?? "";
  // One digit, bounded before it is used: nothing that a client counts drives a loop.
  const count = first.charCodeAt(0) - 48;
  if (!(count >= 1 && count <= MAX_CHUNKS)) return { ok: false, reason: "torn" };
  if (parts.size > count) return { ok: false, reason: "surplus" };
  const id = first.slice(1, 1 + ID_LENGTH);
  let value = first.slice(1 + ID_LENGTH);
  for (let index = 1; index < count; index++) {
    const part = parts.get(index);
    if (!part?.startsWith(id)) return { ok: false, reason: "torn" };
    value += part.slice(ID_LENGTH);
  }
  return id.length === ID_LENGTH && value.endsWith(id) ? { ok: true, value } : { ok: false, reason: "torn" };
}
