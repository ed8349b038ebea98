import { isBelow, isOn, isSecure, type Kept, parseSetCookie } from "./set-cookie.js";

/** How a request is made, as far as SameSite asks. */
export interface RequestContext {
  /** A top-level navigation from another site: Strict cookies stay behind, Lax ones unless it is a GET. @default false */
  crossSite?: boolean;
  /** @default "GET" */
  method?: string;
}

/**
 * A cookie jar as a browser keeps one (RFC 6265bis 5): Set-Cookie lines in, a Cookie header out. It has no list of public
 * suffixes and no limit to the number of cookies.
 */
export interface CookieJar {
  /** What a response sets, as a browser would take it: too large, badly prefixed or insecure cookies are dropped silently. */
  store(from: Response | Headers | readonly string[], url: string): void;
  /** The Cookie header of a request; empty when it has none. */
  header(url: string, context?: RequestContext): string;
  names(): string[];
  /** The value of the cookie of this name, of several the one kept longest. */
  get(name: string): string | undefined;
  clear(): void;
  /** Another jar with the same cookies and the same clock. */
  clone(): CookieJar;
}

/**
 * An empty cookie jar. Its cookies expire by the clock.
 *
 * @example
 * ```ts
 * import { createCookieJar } from "latchkey/testing";
 *
 * const jar = createCookieJar();
 * jar.store(["theme=dark; Path=/; Secure"], "https://app.example/");
 * console.log(jar.header("https://app.example/page"));
 * ```
 * @param options.clock the real clock by default
 */
export function createCookieJar(options: { clock?: { now(): number } } = {}): CookieJar {
  return jarOf(new Map(), options.clock ?? { now: () => Date.now() });
}

function jarOf(kept: Map<string, Kept>, clock: { now(): number }): CookieJar {
  const alive = (): Kept[] => {
    for (const [key, { expires }] of kept) if (expires <= clock.now()) kept.delete(key);
    return [...kept.values()];
  };
  return {
    store(from, url) {
      const source = new URL(url);
      for (const line of linesOf(from)) {
        const cookie = parseSetCookie(line, source, clock.now());
        if (!cookie || isShadowing(cookie, source, alive())) continue;
        // 5.7: one cookie for each name, domain (host-only or not) and path; a newer one takes its place in the order.
        kept.set(JSON.stringify([cookie.name, cookie.host, cookie.hostOnly, cookie.path]), cookie);
        alive();
      }
    },
    header(url, context = {}) {
      const target = new URL(url);
      // 5.8.3: longer paths first, then older cookies. Sorting is stable, and the map is in order of creation.
      return alive()
        .filter((cookie) => isSent(cookie, target, context))
        .sort((left, right) => right.path.length - left.path.length)
        .map(({ name, value }) => (name === "" ? value : `${name}=${value}`))
        .join("; ");
    },
    names: () => alive().map(({ name }) => name),
    get: (name) => alive().find((cookie) => cookie.name === name)?.value,
    clear: () => kept.clear(),
    clone: () => jarOf(new Map(kept), clock),
  };
}

function linesOf(from: Response | Headers | readonly string[]): readonly string[] {
  if ("getSetCookie" in from) return from.getSetCookie();
  return "headers" in from ? from.headers.getSetCookie() : from;
}

/** 5.7: over an insecure connection nothing is put before or in the place of a Secure cookie. */
const isShadowing = (cookie: Kept, url: URL, kept: readonly Kept[]): boolean =>
  !isSecure(url) &&
  kept.some(
    (other) =>
      other.secure &&
      other.name === cookie.name &&
      (isOn({ ...other, hostOnly: false }, cookie.host) || isOn({ ...cookie, hostOnly: false }, other.host)) &&
      isBelow(other.path, cookie.path),
  );

function isSent(cookie: Kept, url: URL, { crossSite = false, method = "GET" }: RequestContext): boolean {
  const { path, secure, sameSite } = cookie;
  if (!isOn(cookie, url.hostname) || !isBelow(path, url.pathname) || (secure && !isSecure(url))) return false;
  return !crossSite || sameSite === "none" || (sameSite === "lax" && /^(GET|HEAD)$/.test(method));
}
