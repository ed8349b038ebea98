/** A cookie as a browser keeps it. */
interface Kept {
  readonly name: string;
  readonly value: string;
  readonly host: string;
  readonly hostOnly: boolean;
  readonly path: string;
  readonly secure: boolean;
  readonly sameSite: "strict" | "lax" | "none";
  /** Milliseconds since the epoch; Infinity for cookies that go with the browser. */
  readonly expires: number;
}

/** How a request is made, as far as SameSite asks. */
export interface RequestContext {
  /** From another site: Strict cookies stay behind, Lax ones unless it is a GET navigation. @default false */
  crossSite?: boolean;
  /** @default "GET" */
  method?: string;
}

/** A cookie jar as a browser keeps one: Set-Cookie lines in, a Cookie header out. */
export interface CookieJar {
  /** What a response sets, as a browser would take it: too large, badly prefixed or insecure cookies are dropped silently. */
  store(from: Response | Headers | readonly string[], url: string): void;
  header(url: string, context?: RequestContext): string;
  names(): string[];
  get(name: string): string | undefined;
  clear(): void;
  clone(): CookieJar;
}

/** RFC 6265bis 5.6 */
const MAX_PAIR = 4096;
const MAX_AGE = 34_560_000;

/** An empty jar. Cookies expire by the clock. */
export function createCookieJar(options: { clock?: { now(): number } } = {}): CookieJar {
  return jarOf(new Map(), options.clock ?? { now: () => Date.now() });
}

function jarOf(kept: Map<string, Kept>, clock: { now(): number }): CookieJar {
  const alive = () => [...kept.values()].filter((cookie) => cookie.expires > clock.now());
  return {
    store(from, url) {
      for (const line of linesOf(from)) {
        const cookie = parse(line, new URL(url), clock.now());
        if (!cookie) continue;
        const key = `${cookie.name};${cookie.host};${cookie.path}`;
        if (cookie.expires > clock.now()) kept.set(key, cookie);
        else kept.delete(key);
      }
    },
    header(url, context = {}) {
      const target = new URL(url);
      return alive()
        .filter((cookie) => isSent(cookie, target, context))
        .sort((left, right) => right.path.length - left.path.length)
        .map(({ name, value }) => `${name}=${value}`)
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

/** Chromium takes loopback hosts for secure contexts. */
const isSecure = (url: URL): boolean =>
  url.protocol === "https:" || /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);

function parse(line: string, url: URL, now: number): Kept | undefined {
  const [pair = "", ...rest] = line.split(";");
  const equals = pair.indexOf("=");
  const name = pair.slice(0, Math.max(0, equals)).trim();
  const value = pair.slice(equals + 1).trim();
  if (name === "" || new TextEncoder().encode(name + value).length > MAX_PAIR) return undefined;
  const attributes = new Map(
    rest.map((part) => {
      const at = part.indexOf("=");
      return at < 0
        ? [part.trim().toLowerCase(), ""]
        : [part.slice(0, at).trim().toLowerCase(), part.slice(at + 1).trim()];
    }),
  );
  const domain = attributes.get("domain")?.replace(/^\./, "").toLowerCase();
  const path = attributes.get("path") ?? "";
  const cookie: Kept = {
    name,
    value,
    host: domain || url.hostname,
    hostOnly: !domain,
    path: path.startsWith("/") ? path : url.pathname.slice(0, Math.max(1, url.pathname.lastIndexOf("/"))),
    secure: attributes.has("secure"),
    sameSite: sameSiteOf(attributes.get("samesite")),
    expires: expiryOf(attributes, now),
  };
  return isAcceptable(cookie, url) ? cookie : undefined;
}

function expiryOf(attributes: ReadonlyMap<string, string>, now: number): number {
  const maxAge = attributes.get("max-age");
  if (maxAge !== undefined && /^-?\d+$/.test(maxAge)) return now + Math.min(Number(maxAge), MAX_AGE) * 1000;
  const expires = Date.parse(attributes.get("expires") ?? "");
  return Number.isNaN(expires) ? Number.POSITIVE_INFINITY : Math.min(expires, now + MAX_AGE * 1000);
}

function sameSiteOf(value: string | undefined): Kept["sameSite"] {
  const known = value?.toLowerCase();
  return known === "strict" || known === "none" ? known : "lax";
}

/** RFC 6265bis 5.7: the rules that make a browser drop a cookie. */
function isAcceptable({ name, host, hostOnly, path, secure, sameSite }: Kept, url: URL): boolean {
  const prefix = name.toLowerCase();
  if (secure && !isSecure(url)) return false;
  if (!secure && (sameSite === "none" || prefix.startsWith("__secure-") || prefix.startsWith("__host-"))) return false;
  if (prefix.startsWith("__host-") && (!hostOnly || path !== "/")) return false;
  return isOn(host, hostOnly, url.hostname);
}

const isOn = (host: string, hostOnly: boolean, hostname: string): boolean =>
  hostname === host || (!hostOnly && hostname.endsWith(`.${host}`));

function isSent(cookie: Kept, url: URL, { crossSite = false, method = "GET" }: RequestContext): boolean {
  const { path, secure, sameSite } = cookie;
  if (!isOn(cookie.host, cookie.hostOnly, url.hostname) || (secure && !isSecure(url))) return false;
  if (crossSite && (sameSite === "strict" || (sameSite === "lax" && method !== "GET"))) return false;
  return url.pathname === path || url.pathname.startsWith(path.endsWith("/") ? path : `${path}/`);
}
