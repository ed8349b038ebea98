/**
 * Why chunks have no value: one is missing or belongs to another write (`torn`), there are more than the first one says
 * (`surplus`), or one was sent twice (`duplicated`).
 */
type ChunkRefusal = "torn" | "surplus" | "duplicated";

/** The value of chunks, or why they have none. */
export type Chunked =
  | { readonly value: string; readonly reason?: undefined }
  | { readonly value?: undefined; readonly reason: ChunkRefusal };

/** Characters of the id of a write: the last ones of the value. They end an authentication tag, so they are as good as random. */
const ID_LENGTH = 6;

/**
 * Cuts a value of six characters or more into chunks of at most `room` characters. Each chunk begins with the id of the
 * write: the last six characters of the value. The first chunk has the number of chunks, one digit, before the id. More than
 * nine chunks cannot be read; no server would accept a header with so many.
 */
export function splitValue(value: string, room: number): string[] {
  const id = value.slice(-ID_LENGTH);
  const size = room - ID_LENGTH - 1;
  const count = Math.ceil(value.length / size);
  return Array.from({ length: count }, (_, at) => (at ? "" : count) + id + value.slice(at * size, (at + 1) * size));
}

/** Joins chunks, by the text of their index; undefined stands for a chunk that was sent twice. */
export function joinChunks(parts: ReadonlyMap<string, string | undefined>): Chunked {
  if ([...parts.values()].includes(undefined)) return { reason: "duplicated" };
  const first = parts.get("0") ?? "";
  // One digit, so that a number from the client cannot make the loop long (S32).
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
