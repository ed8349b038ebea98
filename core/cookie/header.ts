import { MisuseError } from "../errors.js";

/** How a cookie of ours is sent. HttpOnly and `Path=/` always. */
export interface CookieAttributes {
  /** @default this host alone */
  readonly domain?: string | undefined;
  readonly secure: boolean;
  readonly sameSite: "lax" | "strict" | "none";
  /** CHIPS: a jar of its own for each site that embeds the app. */
  readonly partitioned?: boolean | undefined;
}

/** RFC 6265bis 5.5: a user agent keeps no cookie longer than 400 days, in seconds. */
export const LONGEST_AGE = 34_560_000;

const SAME_SITE = { lax: "Lax", strict: "Strict", none: "None" };

/** RFC 9110 5.6.2: what a cookie's name is made of (RFC 6265bis 4.1.1). */
const TOKEN = /^[!#$%&'*+\-.^_`|~\w]+$/;

/** RFC 6265bis 5.4: spaces and tabs alone are trimmed; another blank is part of the name (S36). */
function trim(header: string, from: number, to: number): string {
  const isBlank = (at: number) => header[at] === " " || header[at] === "\t";
  let [start, end] = [from, to];
  while (start < end && isBlank(start)) start++;
  while (start < end && isBlank(end - 1)) end--;
  return header.slice(start, end);
}

/**
 * The cookies of a Cookie header whose names start with `prefix`, in order, duplicates kept. Any input is fine; foreign
 * cookies are passed over, not copied. A name that is no token is none of ours, and never repeated in a deletion.
 */
export function readCookies(header: string | null | undefined, prefix: string): Array<[name: string, value: string]> {
  const found: Array<[string, string]> = [];
  if (!header) return found;
  for (let at = header.indexOf(prefix); at >= 0; ) {
    const semicolon = header.indexOf(";", at);
    const end = semicolon < 0 ? header.length : semicolon;
    // Cut out first: a search for "=" beyond this pair would read the rest of the header once for each.
    const pair = header.slice(header.lastIndexOf(";", at) + 1, end);
    const equals = pair.indexOf("=");
    const name = trim(pair, 0, Math.max(equals, 0));
    if (name.startsWith(prefix) && TOKEN.test(name)) found.push([name, trim(pair, equals + 1, pair.length)]);
    at = header.indexOf(prefix, end);
  }
  return found;
}

/**
 * Checks once, at start-up, what every line will carry.
 * @throws MisuseError (`ERR_CONFIG`) where a browser would drop the cookie, or text could end an attribute (S35)
 */
export function checkCookie(name: string, { domain = "-", secure, sameSite, partitioned }: CookieAttributes): void {
  const isWritten = TOKEN.test(name) && /^[\w.-]+$/.test(domain) && Object.hasOwn(SAME_SITE, sameSite);
  // RFC 6265bis 5.7: what else is dropped without a word when it comes without Secure.
  const needsSecure = partitioned || sameSite === "none" || /^__(secure|host)-/i.test(name);
  if (isWritten && (secure || !needsSecure)) return;
  throw new MisuseError(
    "ERR_CONFIG",
    "latchkey: in cookie, name is a token, domain a host, sameSite lax, strict or none; " +
      "none, partitioned, __Host- and __Secure- need secure",
  );
}

/**
 * One Set-Cookie line (RFC 6265bis 4.1). `maxAge` in seconds, 400 days at most; undefined: until the browser closes;
 * 0 deletes, with the attributes that it was set with (S47).
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
    (maxAge === 0 ? "; Expires=Thu, 01 Jan 1970 00:00:00 GMT" : "") +
    `; HttpOnly; SameSite=${SAME_SITE[sameSite]}` +
    (secure ? "; Secure" : "") +
    (partitioned ? "; Partitioned" : "")
  );
}
