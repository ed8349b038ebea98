import { type Chunked, joinChunks, MAX_CHUNKS, splitValue } from "./chunks.js";
import { type CookieAttributes, LONGEST_AGE, readCookies, setCookieLine } from "./header.js";

/** RFC 6265bis 5.6 lets a user agent drop larger ones; the lowest limit seen, attributes included, in bytes. */
const MAX_COOKIE = 4093;

/** Our cookies in one request: reads see earlier writes, and each name is written once at most. */
export interface Jar {
  /** Full names that the browser will hold after this response. */
  names(): string[];
  /** What the browser will hold; undefined when absent, or when it sent the name more than once. */
  get(name: string): string | undefined;
  /** `maxAge` in seconds; undefined: until the browser closes. The value is base64url, digits, "." and "-" only. */
  set(name: string, value: string, maxAge: number | undefined, attributes?: CookieAttributes): void;
  delete(name: string, attributes?: CookieAttributes): void;
  /** The value in `base.0`, `base.1` and so on. */
  readChunks(base: string): Chunked | undefined;
  /** False, and nothing changed, when it would not fit. */
  writeChunks(base: string, value: string, maxAge: number | undefined): boolean;
  deleteChunks(base: string): void;
  /** Bytes of all of ours in the next Cookie header. */
  bytes(): number;
  /** The Set-Cookie lines of what changed since the last `take`, one per name, in the order of first writing. */
  take(): string[];
  /** Forgets what was written since the last `take`. */
  discard(): void;
}

/** A value with the line that writes it; null: deleted. */
interface Write {
  readonly value: string | null;
  readonly line: string;
}

/** Opens the jar of one request. Every cookie of ours begins with `prefix`. */
export function createJar(header: string | null | undefined, prefix: string, defaults: CookieAttributes): Jar {
  /** What the browser holds; undefined for a name that it sent more than once. */
  const held = new Map<string, string | undefined>();
  for (const [name, value] of readCookies(header, prefix)) held.set(name, held.has(name) ? undefined : value);
  const writes = new Map<string, Write>();

  const get = (name: string) => (writes.has(name) ? (writes.get(name)?.value ?? undefined) : held.get(name));
  const names = () =>
    [...new Set([...held.keys(), ...writes.keys()])].filter((name) => writes.get(name)?.value !== null);

  function set(name: string, value: string, maxAge: number | undefined, attributes = defaults): void {
    writes.set(name, { value, line: setCookieLine(name, value, attributes, maxAge) });
  }

  function remove(name: string, attributes = defaults): void {
    if (held.has(name)) writes.set(name, { value: null, line: setCookieLine(name, "", attributes, 0) });
    else writes.delete(name);
  }

  /** `base.0` -> 0; a spelling or an index that we do not write counts as one chunk too many. */
  function chunksOf(base: string): Array<[name: string, index: number]> {
    return names().flatMap((name): Array<[string, number]> => {
      const digits = name.startsWith(`${base}.`) ? name.slice(base.length + 1) : "";
      if (!/^\d+$/.test(digits)) return [];
      return [[name, digits.length === 1 ? Number(digits) : MAX_CHUNKS]];
    });
  }

  return {
    names,
    get,
    set,
    delete: remove,
    readChunks(base) {
      const parts = new Map<number, string>();
      for (const [name, index] of chunksOf(base)) {
        const value = get(name);
        if (value === undefined || parts.has(index)) return { ok: false, reason: "duplicated" };
        parts.set(index, value);
      }
      return joinChunks(parts);
    },
    writeChunks(base, value, maxAge) {
      const room = MAX_COOKIE - setCookieLine(`${base}.0`, "", defaults, LONGEST_AGE).length;
      const parts = splitValue(value, () => room);
      if (!parts) return false;
      for (const [name, index] of chunksOf(base)) if (index >= parts.length) remove(name);
      for (const [index, part] of parts.entries()) set(`${base}.${index}`, part, maxAge);
      return true;
    },
    deleteChunks(base) {
      for (const [name] of chunksOf(base)) remove(name);
    },
    bytes: () =>
      names()
        .map((name) => `${name}=${get(name) ?? ""}`)
        .join("; ").length,
    take() {
      const lines = [...writes.values()].map(({ line }) => line);
      for (const [name, { value }] of writes) {
        if (value === null) held.delete(name);
        else held.set(name, value);
      }
      writes.clear();
      return lines;
    },
    discard: () => writes.clear(),
  };
}
