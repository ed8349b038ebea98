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
  /** The first `MAX_REMOVED` of these names, without those that are longer than latchkey writes. */
  removable(names: readonly string[]): string[];
  /** Bytes of these names in the next Cookie header; a name that was sent twice counts once, without its value. @default all */
  bytes(names?: readonly string[]): number;
  /** The Set-Cookie lines of what changed since the last `take`, by name, in the order of first writing. */
  take(): Map<string, string>;
  /** Forgets what was written since the last `take`. */
  discard(): void;
}

/** Names that one cause looks at and removes at most: a thousand cookies that a client sent must not become a thousand lines. */
const MAX_REMOVED = 20;
/** Characters that follow the prefix in a name of ours, at most; an `end.` has 19. Longer ones would make lines as long. */
const LONGEST_NAME = 32;

/**
 * RFC 6265bis 5.6 lets a user agent drop larger ones: 4,093 bytes with attributes is the lowest limit seen. Next prints
 * an Expires of 39 bytes beside Max-Age.
 */
const MAX_COOKIE = 4093 - 39;

/** A class, as all that is made for each request: closures would be an object each, for the collector to carry. */
class CookieJar implements Jar {
  readonly #defaults: CookieAttributes;
  readonly #longest: number;
  /** What the browser will hold. Undefined for a name that it sent more than once. */
  #held = new Map<string, string | undefined>();
  /** The same as it was at the last `take`, once something has changed. */
  #sent: Map<string, string | undefined> | undefined;
  #lines: Map<string, string> | undefined;

  constructor(header: string | null | undefined, prefix: string, defaults: CookieAttributes) {
    this.#defaults = defaults;
    this.#longest = prefix.length + LONGEST_NAME;
    for (const [name, value] of readCookies(header, prefix)) {
      this.#held.set(name, this.#held.has(name) ? undefined : value);
    }
  }

  names(): string[] {
    return [...this.#held.keys()];
  }

  get(name: string): string | undefined {
    return this.#held.get(name);
  }

  set(name: string, value: string, maxAge: number | undefined, attributes = this.#defaults): void {
    // S35: what we seal is base64url; anything else is a fault of ours, and must not end an attribute.
    if (/[^\w.-]/.test(value)) throw new TypeError("latchkey: not a cookie value");
    this.#change().set(name, setCookieLine(name, value, attributes, maxAge));
    this.#held.set(name, value);
  }

  delete(name: string, attributes = this.#defaults): void {
    if (!this.#held.has(name)) return;
    const lines = this.#change();
    this.#held.delete(name);
    if (this.#sent?.has(name)) lines.set(name, setCookieLine(name, "", attributes, 0));
    else lines.delete(name);
  }

  readChunks(base: string): Chunked | undefined {
    const parts = new Map(this.#chunksOf(base).map((name) => [name.slice(base.length + 1), this.get(name)]));
    return parts.size > 0 ? joinChunks(parts) : undefined;
  }

  writeChunks(base: string, value: string, maxAge: number | undefined): void {
    this.deleteChunks(base);
    const room = MAX_COOKIE - setCookieLine(`${base}.0`, "", this.#defaults, LONGEST_AGE).length;
    for (const [index, part] of splitValue(value, room).entries()) this.set(`${base}.${index}`, part, maxAge);
  }

  deleteChunks(base: string): void {
    for (const name of this.removable(this.#chunksOf(base))) this.delete(name);
  }

  removable(names: readonly string[]): string[] {
    return names.filter((name) => name.length <= this.#longest).slice(0, MAX_REMOVED);
  }

  bytes(names = this.names()): number {
    return names.map((name) => `${name}=${this.#held.get(name) ?? ""}`).join("; ").length;
  }

  take(): Map<string, string> {
    const taken = this.#lines;
    this.#lines = this.#sent = undefined;
    return taken ?? new Map();
  }

  discard(): void {
    this.#held = this.#sent ?? this.#held;
    this.take();
  }

  /** The lines so far; before the first, what the browser sent is kept. */
  #change(): Map<string, string> {
    this.#sent ??= new Map(this.#held);
    this.#lines ??= new Map();
    return this.#lines;
  }

  #chunksOf(base: string): string[] {
    const start = `${base}.`;
    return this.names().filter((name) => name.startsWith(start));
  }
}

/** Opens the jar of one request. Every cookie of ours begins with `prefix`. */
export const createJar = (header: string | null | undefined, prefix: string, defaults: CookieAttributes): Jar =>
  new CookieJar(header, prefix, defaults);
