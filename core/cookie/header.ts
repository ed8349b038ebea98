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
 * cookies are passed over, not copied.
 */
export function readCookies(header: string | null | undefined, prefix: string): Array<[name: string, value: string]> {
  const found: Array<[string, string]> = [];
  if (!header) return found;
  for (let at = header.indexOf(prefix); at >= 0; ) {
    const start = header.lastIndexOf(";", at) + 1;
    const semicolon = header.indexOf(";", at);
    const end = semicolon < 0 ? header.length : semicolon;
    const equals = header.indexOf("=", start);
    const name = equals >= 0 && equals < end ? trim(header, start, equals) : "";
    if (name.startsWith(prefix)) found.push([name, trim(header, equals + 1, end)]);
    at = header.indexOf(prefix, end);
  }
  return found;
}

/**
 * Checks once, at start-up, what every line will carry.
 * @throws MisuseError (`ERR_CONFIG`) where a browser would drop the cookie, or text could end an attribute (S35)
 */
export function checkCookie(name: string, { domain = "-", secure, sameSite, partitioned }: CookieAttributes): void {
  // RFC 9110 5.6.2: a token; host names are made of fewer characters still.
  const isWritten =
    /^[!#$%&'*+\-.^_`|~\w]+$/.test(name) && /^[\w.-]+$/.test(domain) && Object.hasOwn(SAME_SITE, sameSite);
  if (isWritten && (secure || !(partitioned || sameSite === "none"))) return;
  throw new MisuseError(
    "ERR_CONFIG",
    "latchkey: in cookie, name is a token, domain a host, sameSite lax, strict or none; none and partitioned need secure",
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
