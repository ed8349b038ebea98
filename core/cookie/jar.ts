import { type Chunked, joinChunks, splitValue } from "./chunks.js";
import { type CookieAttributes, LONGEST_AGE, readCookies, setCookieLine } from "./header.js";

/**
 * Theory of operation: the cookies of one request.
 *
 * State. A jar begins with the cookies of the Cookie header whose names have latchkey's prefix. It always holds what the
 * browser will hold once it has received the response: `set` and `delete` change the jar and add a Set-Cookie line.
 *
 * Order. A name has one line at most: a later `set` or `delete` replaces the line. Deleting a cookie that the browser never
 * got removes its line. `take` returns the lines since the last `take`; `discard` drops them and puts the jar back to the
 * state of the last `take`, for a write that failed half-way.
 *
 * Chunks. A value that is too long for one cookie is cut into `base.0`, `base.1` and so on (`chunks.ts`). Writing it removes
 * the chunks of the value before.
 *
 * What can go wrong. A browser may send a name twice, when cookies with different paths or domains have it: such a name has
 * no value. A client may send thousands of names: `removable` bounds how many of them one response deletes.
 */
export interface Jar {
  /** Full names that the browser will hold after this response. */
  names(): string[];
  /** The value that the browser will hold; undefined without the cookie, or when the browser sent its name more than once. */
  get(name: string): string | undefined;
  /**
   * `maxAge`: seconds; undefined for a cookie that lasts until the browser closes.
   * @throws TypeError when the value has other characters than those of base64url and "."
   */
  set(name: string, value: string, maxAge: number | undefined, attributes?: CookieAttributes): void;
  delete(name: string, attributes?: CookieAttributes): void;
  /** The value in `base.0`, `base.1` and so on, or why there is none: `torn` without any of them. */
  readChunks(base: string): Chunked;
  writeChunks(base: string, value: string, maxAge: number | undefined): void;
  deleteChunks(base: string): void;
  /** Deletes those of these cookies that are `removable`. */
  deleteAll(names: readonly string[]): void;
  /** The names that one response deletes: the first `MAX_REMOVED`, without those longer than any that latchkey writes. */
  removable(names: readonly string[]): string[];
  /** Bytes of these cookies in the next Cookie header; a name that was sent twice counts once, without value. @default all names */
  bytes(names?: readonly string[]): number;
  /** The Set-Cookie lines since the last `take`, by name, in the order in which the names were first written. */
  take(): Map<string, string>;
  /** Undoes all changes since the last `take`. */
  discard(): void;
}

/** Names that one call removes at most: a thousand cookies in a request must not become a thousand lines in its response. */
const MAX_REMOVED = 20;
/** Characters after the prefix, in the longest name that is deleted; an `end.` has 19. The line is as long as the name. */
const LONGEST_NAME = 32;

/**
 * Characters of a Set-Cookie line. RFC 6265bis 5.6 lets a user agent drop longer cookies; 4,093 bytes with attributes is the
 * lowest limit of a browser that we know. Next adds an Expires of 39 bytes to Max-Age.
 */
export const MAX_COOKIE = 4093 - 39;

/** A class, so that the jars of all requests share their methods. */
class CookieJar implements Jar {
  readonly #defaults: CookieAttributes;
  readonly #longest: number;
  /** The cookies that the browser will hold; undefined for a name that it sent more than once. */
  #cookies = new Map<string, string | undefined>();
  /** The cookies at the last `take`; undefined without a change since. */
  #before: Map<string, string | undefined> | undefined;
  #lines: Map<string, string> | undefined;

  constructor(header: string | null | undefined, prefix: string, defaults: CookieAttributes) {
    this.#defaults = defaults;
    this.#longest = prefix.length + LONGEST_NAME;
    for (const [name, value] of readCookies(header, prefix)) {
      this.#cookies.set(name, this.#cookies.has(name) ? undefined : value);
    }
  }

  names(): string[] {
    return [...this.#cookies.keys()];
  }

  get(name: string): string | undefined {
    return this.#cookies.get(name);
  }

  set(name: string, value: string, maxAge: number | undefined, attributes = this.#defaults): void {
    // S35: sealed values are base64url. Any other text would be a fault of latchkey, and must not end an attribute.
    if (/[^\w.-]/.test(value)) throw new TypeError("latchkey: not a cookie value");
    this.#changing().set(name, setCookieLine(name, value, attributes, maxAge));
    this.#cookies.set(name, value);
  }

  delete(name: string, attributes = this.#defaults): void {
    if (!this.#cookies.has(name)) return;
    const lines = this.#changing();
    this.#cookies.delete(name);
    if (this.#before?.has(name)) lines.set(name, setCookieLine(name, "", attributes, 0));
    else lines.delete(name);
  }

  readChunks(base: string): Chunked {
    return joinChunks(new Map(this.#chunksOf(base).map((name) => [name.slice(base.length + 1), this.get(name)])));
  }

  writeChunks(base: string, value: string, maxAge: number | undefined): void {
    this.deleteChunks(base);
    const room = MAX_COOKIE - setCookieLine(`${base}.0`, "", this.#defaults, LONGEST_AGE).length;
    for (const [index, part] of splitValue(value, room).entries()) this.set(`${base}.${index}`, part, maxAge);
  }

  deleteChunks(base: string): void {
    this.deleteAll(this.#chunksOf(base));
  }

  deleteAll(names: readonly string[]): void {
    for (const name of this.removable(names)) this.delete(name);
  }

  removable(names: readonly string[]): string[] {
    return names.filter((name) => name.length <= this.#longest).slice(0, MAX_REMOVED);
  }

  bytes(names = this.names()): number {
    return names.map((name) => `${name}=${this.#cookies.get(name) ?? ""}`).join("; ").length;
  }

  take(): Map<string, string> {
    const taken = this.#lines;
    this.#lines = this.#before = undefined;
    return taken ?? new Map();
  }

  discard(): void {
    this.#cookies = this.#before ?? this.#cookies;
    this.take();
  }

  /** The lines since the last `take`. The first change copies the cookies, for `discard`. */
  #changing(): Map<string, string> {
    this.#before ??= new Map(this.#cookies);
    this.#lines ??= new Map();
    return this.#lines;
  }

  #chunksOf(base: string): string[] {
    const start = `${base}.`;
    return this.names().filter((name) => name.startsWith(start));
  }
}

/** The jar of one request: the cookies of its Cookie header whose names begin with `prefix`. */
export const createJar = (header: string | null | undefined, prefix: string, defaults: CookieAttributes): Jar =>
  new CookieJar(header, prefix, defaults);
