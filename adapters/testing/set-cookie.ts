import { trimBlanks } from "../../core/cookie/header.js";

/** A cookie as a browser stores it. */
export interface StoredCookie {
  readonly name: string;
  readonly value: string;
  readonly host: string;
  readonly hostOnly: boolean;
  readonly path: string;
  readonly secure: boolean;
  readonly httpOnly: boolean;
  readonly sameSite: "strict" | "lax" | "none";
  /** Milliseconds since the epoch; Infinity for a session cookie, which ends when the browser closes. */
  readonly expires: number;
}

/** RFC 6265bis 5.6: the most bytes of name and value together, the most bytes of an attribute's value, the longest life in seconds. */
const MAX_PAIR = 4096;
const MAX_ATTRIBUTE = 1024;
const MAX_AGE = 34_560_000;

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

/** As in Chromium, loopback hosts count as secure. */
export const isSecure = (url: URL): boolean =>
  url.protocol === "https:" || /^((.+\.)?localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);

/** RFC 6265bis 5.1.3: whether a request to `hostname` matches the cookie's domain. An IP address must be equal. */
export const isOn = ({ host, hostOnly }: Pick<StoredCookie, "host" | "hostOnly">, hostname: string): boolean =>
  hostname === host || (!hostOnly && !isAddress(hostname) && hostname.endsWith(`.${host}`));

const isAddress = (hostname: string): boolean => /^(\d+(\.\d+){3}|\[.*\])$/.test(hostname);

/** RFC 6265bis 5.1.4: whether the path of a request matches the cookie's path. */
export const isBelow = (path: string, pathname: string): boolean =>
  pathname === path || pathname.startsWith(path.endsWith("/") ? path : `${path}/`);

/** The cookie that a browser at `url` stores for a Set-Cookie line; undefined if it ignores the line. `now` in milliseconds. */
export function parseSetCookie(line: string, url: URL, now: number): StoredCookie | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 6265bis 5.6 step 1
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(line)) return undefined;
  const [pair = "", ...rest] = line.split(";");
  // RFC 6265bis 5.6 step 3: a pair without "=" is a value without a name.
  const [name, value] = split(pair.includes("=") ? pair : `=${pair}`);
  if (name + value === "" || bytesOf(name + value) > MAX_PAIR) return undefined;
  const attributes = attributesOf(rest);
  const domain = attributes.get("domain")?.replace(/^\./, "").toLowerCase();
  const path = attributes.get("path") ?? "";
  const sameSite = attributes.get("samesite")?.toLowerCase();
  const cookie: StoredCookie = {
    name,
    value,
    host: domain || url.hostname,
    hostOnly: !domain,
    path: path.startsWith("/") ? path : url.pathname.slice(0, Math.max(1, url.pathname.lastIndexOf("/"))),
    secure: attributes.has("secure"),
    httpOnly: attributes.has("httponly"),
    sameSite: sameSite === "strict" || sameSite === "none" ? sameSite : "lax",
    expires: expiryOf(attributes, now),
  };
  return isAcceptable(cookie, url) ? cookie : undefined;
}

/** The text before and after the first "=", without blanks at the ends (RFC 6265bis 5.6). Without a "=", all of it is before. */
function split(text: string): [string, string] {
  const at = text.indexOf("=");
  return at < 0 ? [trimBlanks(text), ""] : [trimBlanks(text.slice(0, at)), trimBlanks(text.slice(at + 1))];
}

/** The attributes by their names in lower case; of several with one name, the last. Those with too long a value are ignored. */
function attributesOf(parts: readonly string[]): ReadonlyMap<string, string> {
  const pairs = parts.map(split).filter(([, value]) => bytesOf(value) <= MAX_ATTRIBUTE);
  return new Map(pairs.map(([name, value]) => [name.toLowerCase(), value]));
}

function expiryOf(attributes: ReadonlyMap<string, string>, now: number): number {
  const maxAge = attributes.get("max-age") ?? "";
  if (/^-?\d+$/.test(maxAge)) return now + Math.min(Number(maxAge), MAX_AGE) * 1000;
  const expires = Date.parse(attributes.get("expires") ?? "");
  return Number.isNaN(expires) ? Number.POSITIVE_INFINITY : Math.min(expires, now + MAX_AGE * 1000);
}

/** RFC 6265bis 5.7: the rules that make a browser drop a cookie. */
function isAcceptable(cookie: StoredCookie, url: URL): boolean {
  const { secure, sameSite, host, hostOnly } = cookie;
  if (secure ? !isSecure(url) : sameSite === "none") return false;
  // No site may set a cookie for a whole top-level domain. (This jar has no list of public suffixes.)
  if (!hostOnly && !host.includes(".") && host !== url.hostname) return false;
  return meetsPrefix(cookie) && isOn(cookie, url.hostname);
}

/** The rules for `__Secure-` and `__Host-` (RFC 6265bis 5.4), and for `__Http-` and `__Host-Http-` (the layered cookies draft). */
function meetsPrefix({ name, value, secure, httpOnly, hostOnly, path }: StoredCookie): boolean {
  // A cookie without a name is sent as its value alone, so the server would read the prefix as a name.
  if (name === "") return !/^__(secure|host|http)-/i.test(value);
  if (/^__(secure|host|http)-/i.test(name) && !secure) return false;
  if (/^__host-/i.test(name) && (!hostOnly || path !== "/")) return false;
  return httpOnly || !/^__(host-)?http-/i.test(name);
}
