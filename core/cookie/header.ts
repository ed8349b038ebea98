import { must } from "../errors.js";

/** The attributes of a cookie. HttpOnly and `Path=/` are always set. */
export interface CookieAttributes {
  /** @default this host alone */
  readonly domain?: string | undefined;
  readonly secure: boolean;
  readonly sameSite: "lax" | "strict" | "none";
  /** CHIPS: the browser stores the cookie separately for each site that embeds the app. */
  readonly partitioned?: boolean | undefined;
}

/** RFC 6265bis 5.5: a user agent keeps no cookie longer than 400 days, in seconds. */
export const LONGEST_AGE = 34_560_000;

const SAME_SITE = { lax: "Lax", strict: "Strict", none: "None" };

/** Removes spaces and tabs at both ends: WSP of RFC 6265bis 5.6, OWS of RFC 9110 5.6.3. `trim` would remove other blanks too. */
export const trimBlanks = (text: string): string => /^[ \t]*(.*[^ \t])?/s.exec(text)?.[1] ?? "";

/**
 * A pair of a Cookie header. The name is a token (RFC 6265bis 4.1.1, RFC 9110 5.6.2). Only spaces and tabs around name and
 * value are trimmed (RFC 6265bis 5.4); any other blank is part of them (S36).
 */
const PAIR = /^[ \t]*([!#-'*+.^`|~\w-]+)[ \t]*=[ \t]*(.*[^ \t])?/s;

/**
 * The cookies of a Cookie header whose names start with `prefix`, in order, with duplicates. Never throws. Names that are not
 * tokens are left out, so that none is ever copied into a Set-Cookie line.
 */
export function readCookies(header: string | null | undefined, prefix: string): Array<[name: string, value: string]> {
  const cookies: Array<[string, string]> = [];
  if (!header) return cookies;
  // Other cookies, of which there may be many, are skipped without being parsed.
  for (let at = header.indexOf(prefix); at >= 0; ) {
    const end = header.indexOf(";", at);
    const pair = header.slice(header.lastIndexOf(";", at) + 1, end < 0 ? undefined : end);
    const [, name, value = ""] = PAIR.exec(pair) ?? [];
    if (name?.startsWith(prefix)) cookies.push([name, value]);
    at = end < 0 ? -1 : header.indexOf(prefix, end);
  }
  return cookies;
}

/**
 * Checks, at start-up, the name and the attributes of all cookies.
 * @throws MisuseError (`invalid_config`) if a browser would drop the cookie, or text could end an attribute (S35)
 */
export function checkCookie(name: string, { domain = "-", secure, sameSite, partitioned }: CookieAttributes): void {
  // RFC 6265bis 5.7: browsers silently drop these without Secure.
  const needsSecure = partitioned || sameSite === "none" || /^__(secure|host)-/i.test(name);
  must(PAIR.exec(`${name}=`)?.[1] === name, "cookie: name must be a token");
  must(/^[\w.-]+$/.test(domain), "cookie: domain must be a host");
  must(Object.hasOwn(SAME_SITE, sameSite), "cookie: sameSite must be lax, strict or none");
  must(secure || !needsSecure, "cookie: sameSite none, partitioned, __Host- and __Secure- need secure");
}

/**
 * A Set-Cookie line (RFC 6265bis 4.1). `maxAge`: seconds, 400 days at most; undefined for a cookie that lasts until the
 * browser closes; 0 deletes the cookie, which needs the attributes that it was set with (S47).
 */
export function setCookieLine(
  name: string,
  value: string,
  { domain, secure, sameSite, partitioned }: CookieAttributes,
  maxAge: number | undefined,
): string {
  return (
    `${name}=${value}; Path=/` +
    (domain ? `; Domain=${domain}` : "") +
    (maxAge === undefined ? "" : `; Max-Age=${Math.min(maxAge, LONGEST_AGE)}`) +
    `; HttpOnly; SameSite=${SAME_SITE[sameSite]}` +
    (secure ? "; Secure" : "") +
    (partitioned ? "; Partitioned" : "")
  );
}
