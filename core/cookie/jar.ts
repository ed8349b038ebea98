import { type Chunked, joinChunks, splitValue } from "./chunks.js";
import { type CookieAttributes, LONGEST_AGE, readCookies, setCookieLine } from "./header.js";

/** Our cookies in one request: reads see earlier writes, and each name is written once at most. */
export interface Jar {
  /** Full names that the browser will hold after this response. */
  names(): string[];
  /** What the browser will hold; undefined when absent, or when it sent the name more than once. */
  get(name: string): string | undefined;
  /**
   * `maxAge` in seconds; undefined: until the browser closes.
   * @throws TypeError for a value of more than base64url, digits, "." and "-"
   */
  set(name: string, value: string, maxAge: number | undefined, attributes?: CookieAttributes): void;
  delete(name: string, attributes?: CookieAttributes): void;
  /** The value in `base.0`, `base.1` and so on; undefined when there is none of them. */
  readChunks(base: string): Chunked | undefined;
  writeChunks(base: string, value: string, maxAge: number | undefined): void;
  deleteChunks(base: string): void;
  /** Bytes of all of ours in the next Cookie header; a name that was sent twice counts once, without its value. */
  bytes(): number;
  /** The Set-Cookie lines of what changed since the last `take`, by name, in the order of first writing. */
  take(): Map<string, string>;
  /** Forgets what was written since the last `take`. */
  discard(): void;
}

/** Opens the jar of one request. Every cookie of ours begins with `prefix`. */
export function createJar(header: string | null | undefined, prefix: string, defaults: CookieAttributes): Jar {
  /** What the browser holds: as sent, and as it will be. Undefined for a name that it sent more than once. */
  let sent = new Map<string, string | undefined>();
  for (const [name, value] of readCookies(header, prefix)) sent.set(name, sent.has(name) ? undefined : value);
  let held = new Map(sent);
  let lines = new Map<string, string>();

  const names = () => [...held.keys()];
  const chunksOf = (base: string) => names().filter((name) => name.startsWith(`${base}.`));

  function set(name: string, value: string, maxAge: number | undefined, attributes = defaults): void {
    // S35: what we seal is base64url; anything else is a fault of ours, and must not end an attribute.
    if (/[^\w.-]/.test(value)) throw new TypeError("latchkey: not a cookie value");
    held.set(name, value);
    lines.set(name, setCookieLine(name, value, attributes, maxAge));
  }

  function remove(name: string, attributes = defaults): void {
    if (!held.delete(name)) return;
    if (sent.has(name)) lines.set(name, setCookieLine(name, "", attributes, 0));
    else lines.delete(name);
  }

  function deleteChunks(base: string): void {
    for (const name of chunksOf(base)) remove(name);
  }

  return {
    names,
    get: (name) => held.get(name),
    set,
    delete: remove,
    readChunks(base) {
      const parts = new Map(chunksOf(base).map((name) => [name.slice(base.length + 1), held.get(name)]));
      return parts.size > 0 ? joinChunks(parts) : undefined;
    },
    writeChunks(base, value, maxAge) {
      /**
       * RFC 6265bis 5.6 lets a user agent drop larger ones: 4,093 bytes with attributes is the lowest limit seen. Next prints
       * an Expires of 39 bytes beside Max-Age.
       */
      const MAX_COOKIE = 4093 - 39;
      deleteChunks(base);
      const room = MAX_COOKIE - setCookieLine(`${base}.0`, "", defaults, LONGEST_AGE).length;
      for (const [index, part] of splitValue(value, room).entries()) set(`${base}.${index}`, part, maxAge);
    },
    deleteChunks,
    bytes: () => [...held].map((pair) => pair.join("=")).join("; ").length,
    take() {
      const taken = lines;
      lines = new Map();
      sent = new Map(held);
      return taken;
    },
    discard() {
      lines = new Map();
      held = new Map(sent);
    },
  };
}
