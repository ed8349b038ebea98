import { trimBlanks } from "../../core/cookie/header.js";

/** A cookie as a browser keeps it. */
export interface Kept {
  readonly name: string;
  readonly value: string;
  readonly host: string;
  readonly hostOnly: boolean;
  readonly path: string;
  readonly secure: boolean;
  readonly httpOnly: boolean;
  readonly sameSite: "strict" | "lax" | "none";
  /** Milliseconds since the epoch; Infinity for cookies that go with the browser. */
  readonly expires: number;
}

/** RFC 6265bis 5.6: bytes of name and value together, and of one attribute's value; seconds of the longest life. */
const MAX_PAIR = 4096;
const MAX_ATTRIBUTE = 1024;
const MAX_AGE = 34_560_000;

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

/** Chromium takes loopback hosts for secure contexts. */
export const isSecure = (url: URL): boolean =>
  url.protocol === "https:" || /^((.+\.)?localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);

/** RFC 6265bis 5.1.3; an address has no domain above it. */
export const isOn = ({ host, hostOnly }: Pick<Kept, "host" | "hostOnly">, hostname: string): boolean =>
  hostname === host || (!hostOnly && !isAddress(hostname) && hostname.endsWith(`.${host}`));

const isAddress = (hostname: string): boolean => /^(\d+(\.\d+){3}|\[.*\])$/.test(hostname);

/** RFC 6265bis 5.1.4 */
export const isBelow = (path: string, pathname: string): boolean =>
  pathname === path || pathname.startsWith(path.endsWith("/") ? path : `${path}/`);

/** What a browser at `url` makes of a Set-Cookie line; undefined when it drops it. `now` in milliseconds. */
export function parseSetCookie(line: string, url: URL, now: number): Kept | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 6265bis 5.6 step 1
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(line)) return undefined;
  const [pair = "", ...rest] = line.split(";");
  // A pair without "=" is a value without a name.
  const [name, value] = split(pair.includes("=") ? pair : `=${pair}`);
  if (name + value === "" || bytesOf(name + value) > MAX_PAIR) return undefined;
  const attributes = attributesOf(rest);
  const domain = attributes.get("domain")?.replace(/^\./, "").toLowerCase();
  const path = attributes.get("path") ?? "";
  const sameSite = attributes.get("samesite")?.toLowerCase();
  const cookie: Kept = {
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

/** Around the first "=", without the spaces and tabs at the ends (RFC 6265bis 5.6); without one, the second half is empty. */
function split(text: string): [string, string] {
  const at = text.indexOf("=");
  return at < 0 ? [trimBlanks(text), ""] : [trimBlanks(text.slice(0, at)), trimBlanks(text.slice(at + 1))];
}

/** By name in lower case; of several, the last. Values that are too long are as good as not there. */
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
function isAcceptable(cookie: Kept, url: URL): boolean {
  const { secure, sameSite, host, hostOnly } = cookie;
  if (secure ? !isSecure(url) : sameSite === "none") return false;
  // Nobody may speak for a whole top-level domain. (The list of public suffixes is not here.)
  if (!hostOnly && !host.includes(".") && host !== url.hostname) return false;
  return keepsPrefix(cookie) && isOn(cookie, url.hostname);
}

/** RFC 6265bis 5.4, and `__Http-` and `__Host-Http-` of the layered cookies draft. */
function keepsPrefix({ name, value, secure, httpOnly, hostOnly, path }: Kept): boolean {
  // Without a name, a value that looks like a prefix would be sent as one.
  if (name === "") return !/^__(secure|host|http)-/i.test(value);
  if (/^__(secure|host|http)-/i.test(name) && !secure) return false;
  if (/^__host-/i.test(name) && (!hostOnly || path !== "/")) return false;
  return httpOnly || !/^__(host-)?http-/i.test(name);
}
