/**
 * Why a set of chunks counts as absent: one is missing or of another write (`torn`), there are more than the first says
 * (`surplus`), or one was sent twice (`duplicated`).
 */
export type ChunkRefusal = "torn" | "surplus" | "duplicated";

/** What a set of chunks holds, or why it counts as absent. */
export type Chunked =
  | { readonly value: string; readonly reason?: undefined }
  | { readonly value?: undefined; readonly reason: ChunkRefusal };

/** Characters of a write's id: the last ones of the value, which end an authentication tag and so are as good as random. */
const ID_LENGTH = 6;

/**
 * Cuts a value of six characters or more into those of `.0`, `.1` and so on, of at most `room` characters: each begins
 * with the six characters that the whole value ends with, and the first has one digit more in front, the number of
 * chunks. To read: drop these seven and six characters, join. More than nine cannot be read, nor would a server take them.
 */
export function splitValue(value: string, room: number): string[] {
  const id = value.slice(-ID_LENGTH);
  const size = room - ID_LENGTH - 1;
  const count = Math.ceil(value.length / size);
  return Array.from({ length: count }, (_, at) => (at ? "" : count) + id + value.slice(at * size, (at + 1) * size));
}

/** The value of a set of chunks, by the text of their index; undefined stands for one that was sent twice. */
export function joinChunks(parts: ReadonlyMap<string, string | undefined>): Chunked {
  if ([...parts.values()].includes(undefined)) return { reason: "duplicated" };
  const first = parts.get("0") ?? "";
  // One digit: nothing that a client counts drives a loop (S32).
  const count = Number(first[0]);
  const id = first.slice(1, 1 + ID_LENGTH);
  let value = first.slice(1 + ID_LENGTH);
  for (let index = 1; index < count; index++) {
    const part = parts.get(`${index}`);
    if (!part?.startsWith(id)) return { reason: "torn" };
    value += part.slice(ID_LENGTH);
  }
  if (parts.size > count) return { reason: "surplus" };
  return id.length === ID_LENGTH && parts.size === count && value.endsWith(id) ? { value } : { reason: "torn" };
}
