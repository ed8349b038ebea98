import { type Chunked, joinChunks, MAX_CHUNKS, splitValue } from "./chunks.js";
import { type CookieAttributes, LONGEST_AGE, readCookies, setCookieLine } from "./header.js";

/** RFC 6265bis 5.6 lets a user agent drop larger ones; the lowest limit seen, attributes included, in bytes. */
const MAX_COOKIE = 4093;

/** What one app's cookies have in common. */
export interface JarOptions {
  /** `__Host-latchkey.`: what every cookie of ours begins with. */
  readonly prefix: string;
  readonly attributes: CookieAttributes;
}

/** Our cookies in one request: reads see earlier writes, and each name is written once at most. */
export interface Jar {
  /** Full names that the browser will hold after this response. */
  names(): string[];
  /** What the browser will hold; undefined when absent, or when it sent the name more than once. */
  get(name: string): string | undefined;
  /** `maxAge` in seconds; undefined: until the browser closes. */
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

interface Write {
  /** Undefined: deleted. */
  readonly value: string | undefined;
  readonly maxAge: number | undefined;
  readonly attributes: CookieAttributes;
}

/** Opens the jar of one request. Values written are base64url, digits, "." and "-": nothing that needs quoting. */
export function createJar(header: string | null | undefined, { prefix, attributes: defaults }: JarOptions): Jar {
  /** What the browser holds; null for a name that it sent more than once. */
  const held = new Map<string, string | null>();
  for (const [name, value] of readCookies(header, prefix)) held.set(name, held.has(name) ? null : value);
  const writes = new Map<string, Write>();

  const current = (name: string): string | null | undefined => {
    const write = writes.get(name);
    return write ? write.value : held.get(name);
  };
  const names = () => [...new Set([...held.keys(), ...writes.keys()])].filter((name) => current(name) !== undefined);

  /** The index behind `base.`: `0` to `7` as we write it; -1 for other names. */
  const indexOf = (base: string, name: string): number => {
    if (!name.startsWith(base) || name[base.length] !== ".") return -1;
    const digits = name.slice(base.length + 1);
    return /^\d+$/.test(digits) ? Math.min(Number(digits), MAX_CHUNKS) : -1;
  };
  const chunkNames = (base: string) => names().filter((name) => indexOf(base, name) >= 0);

  function write(name: string, value: string | undefined, maxAge: number | undefined, attributes = defaults): void {
    writes.set(name, { value, maxAge, attributes });
  }

  function remove(name: string, attributes?: CookieAttributes): void {
    if (held.has(name)) write(name, undefined, 0, attributes);
    else writes.delete(name);
  }

  function readChunks(base: string): Chunked | undefined {
    const parts = new Map<number, string>();
    for (const name of chunkNames(base)) {
      const index = indexOf(base, name);
      const value = current(name);
      if (typeof value !== "string" || parts.has(index)) return { ok: false, reason: "duplicated" };
      // Written by us as `.1`, never as `.01`: another spelling is one chunk too many.
      parts.set(name === `${base}.${index}` ? index : MAX_CHUNKS, value);
    }
    return joinChunks(parts);
  }

  function writeChunks(base: string, value: string, maxAge: number | undefined): boolean {
    const overhead = setCookieLine(`${base}.0`, "", defaults, LONGEST_AGE).length;
    const parts = splitValue(value, () => MAX_COOKIE - overhead);
    if (!parts) return false;
    for (const name of chunkNames(base)) {
      if (indexOf(base, name) >= parts.length || name !== `${base}.${indexOf(base, name)}`) remove(name);
    }
    for (const [index, part] of parts.entries()) write(`${base}.${index}`, part, maxAge);
    return true;
  }

  return {
    names,
    get: (name) => current(name) ?? undefined,
    set: write,
    delete: remove,
    readChunks,
    writeChunks,
    deleteChunks(base) {
      for (const name of chunkNames(base)) remove(name);
    },
    bytes: () =>
      names().reduce((sum, name) => sum + name.length + 1 + (current(name) ?? "").length + (sum === 0 ? 0 : 2), 0),
    take() {
      const lines: string[] = [];
      for (const [name, { value, maxAge, attributes }] of writes) {
        lines.push(setCookieLine(name, value ?? "", attributes, maxAge));
        if (value === undefined) held.delete(name);
        else held.set(name, value);
      }
      writes.clear();
      return lines;
    },
    discard: () => writes.clear(),
  };
}
