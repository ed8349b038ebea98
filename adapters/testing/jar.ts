import { isBelow, isOn, isSecure, parseSetCookie, type StoredCookie } from "./set-cookie.js";

/** The facts about a request that decide whether SameSite cookies are sent. */
export interface RequestContext {
  /** A top-level navigation from another site: no Strict cookies are sent, and Lax ones only with a GET. @default false */
  crossSite?: boolean;
  /** @default "GET" */
  method?: string;
}

/**
 * A cookie jar that follows the rules of browsers (RFC 6265bis 5): it stores Set-Cookie lines and makes Cookie headers. It has
 * no list of public suffixes and no limit to the number of cookies.
 */
export interface CookieJar {
  /** Stores the cookies of a response. As in a browser, cookies that are too large, badly prefixed or insecure are ignored. */
  store(from: Response | Headers | readonly string[], url: string): void;
  /** The Cookie header of a request; empty if no cookie is sent. */
  header(url: string, context?: RequestContext): string;
  names(): string[];
  /** The value of the cookie of this name; of several, the oldest. */
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

function jarOf(cookies: Map<string, StoredCookie>, clock: { now(): number }): CookieJar {
  const unexpired = (): StoredCookie[] => {
    for (const [key, { expires }] of cookies) if (expires <= clock.now()) cookies.delete(key);
    return [...cookies.values()];
  };
  return {
    store(from, url) {
      const source = new URL(url);
      for (const line of linesOf(from)) {
        const cookie = parseSetCookie(line, source, clock.now());
        if (!cookie || isShadowing(cookie, source, unexpired())) continue;
        // RFC 6265bis 5.7: one cookie for each name, domain (host-only or not) and path. A new value keeps the creation time.
        cookies.set(JSON.stringify([cookie.name, cookie.host, cookie.hostOnly, cookie.path]), cookie);
        unexpired();
      }
    },
    header(url, context = {}) {
      const target = new URL(url);
      // RFC 6265bis 5.8.3: longer paths first, then older cookies. Sorting is stable, and the map is in order of creation.
      return unexpired()
        .filter((cookie) => matchesRequest(cookie, target, context))
        .sort((left, right) => right.path.length - left.path.length)
        .map(({ name, value }) => (name === "" ? value : `${name}=${value}`))
        .join("; ");
    },
    names: () => unexpired().map(({ name }) => name),
    get: (name) => unexpired().find((cookie) => cookie.name === name)?.value,
    clear: () => cookies.clear(),
    clone: () => jarOf(new Map(cookies), clock),
  };
}

function linesOf(from: Response | Headers | readonly string[]): readonly string[] {
  if ("getSetCookie" in from) return from.getSetCookie();
  return "headers" in from ? from.headers.getSetCookie() : from;
}

/** RFC 6265bis 5.7: a response over an insecure connection must not set a cookie that would hide or replace a Secure one. */
const isShadowing = (cookie: StoredCookie, url: URL, cookies: readonly StoredCookie[]): boolean =>
  !isSecure(url) &&
  cookies.some(
    (other) =>
      other.secure &&
      other.name === cookie.name &&
      (isOn({ ...other, hostOnly: false }, cookie.host) || isOn({ ...cookie, hostOnly: false }, other.host)) &&
      isBelow(other.path, cookie.path),
  );

function matchesRequest(
  cookie: StoredCookie,
  url: URL,
  { crossSite = false, method = "GET" }: RequestContext,
): boolean {
  const { path, secure, sameSite } = cookie;
  if (!isOn(cookie, url.hostname) || !isBelow(path, url.pathname) || (secure && !isSecure(url))) return false;
  return !crossSite || sameSite === "none" || (sameSite === "lax" && /^(GET|HEAD)$/.test(method));
}
