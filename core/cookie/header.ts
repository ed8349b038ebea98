import { MisuseError } from "../errors.js";

/** How a cookie of ours is sent. HttpOnly always. */
export interface CookieAttributes {
  readonly path: string;
  /** @default this host alone */
  readonly domain?: string;
  readonly secure: boolean;
  readonly sameSite: "lax" | "strict" | "none";
  /** CHIPS: a jar of its own for each site that embeds the app. */
  readonly partitioned?: boolean;
}

/** RFC 6265bis 5.5: a user agent keeps no cookie longer than 400 days, in seconds. */
export const LONGEST_AGE = 34_560_000;

const SAME_SITE = { lax: "Lax", strict: "Strict", none: "None" } as const;

/** RFC 9110 5.6.2: a token. */
const TOKEN = /^[!#$%&'*+\-.^_`|~\w]+$/;

/** RFC 6265bis 4.1.1: an attribute's value has no control characters and no ";". */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNSAFE = /[\u0000-\u001f\u007f;]/;

const SPACE = 32;
const TAB = 9;

/**
 * The cookies of a Cookie header whose names start with `prefix`, in order, duplicates kept. Any input is fine. Spaces
 * and tabs around a pair are trimmed, nothing else is (S36); foreign cookies are skipped, not parsed.
 */
export function readCookies(header: string | null | undefined, prefix: string): Array<[name: string, value: string]> {
  const found: Array<[string, string]> = [];
  if (!header) return found;
  for (let at = header.indexOf(prefix); at >= 0; ) {
    const semicolon = header.indexOf(";", at);
    const end = semicolon < 0 ? header.length : semicolon;
    if (beginsPair(header, at)) {
      const equals = header.indexOf("=", at);
      if (equals >= 0 && equals < end) {
        found.push([trimEnd(header, at, equals), trimStart(header, equals + 1, end)]);
      }
    }
    at = semicolon < 0 ? -1 : header.indexOf(prefix, end);
  }
  return found;
}

const isBlank = (header: string, at: number): boolean => {
  const code = header.charCodeAt(at);
  return code === SPACE || code === TAB;
};

/** Whether only blanks stand between the last ";" (or the start) and this place. */
function beginsPair(header: string, at: number): boolean {
  let before = at - 1;
  while (before >= 0 && isBlank(header, before)) before--;
  return before < 0 || header[before] === ";";
}

function trimEnd(header: string, from: number, to: number): string {
  let end = to;
  while (end > from && isBlank(header, end - 1)) end--;
  return header.slice(from, end);
}

function trimStart(header: string, from: number, to: number): string {
  let start = from;
  while (start < to && isBlank(header, start)) start++;
  return trimEnd(header, start, to);
}

/**
 * Checks once, at start-up, what every line of a cookie will carry.
 * @throws MisuseError (`ERR_CONFIG`) where a browser would drop the cookie, or text could end an attribute (S35)
 */
export function checkCookie(name: string, { path, domain, secure, sameSite, partitioned }: CookieAttributes): void {
  const wrong = (message: string) => new MisuseError("ERR_CONFIG", `latchkey: ${message}`);
  const lower = name.toLowerCase();
  if (!TOKEN.test(name)) throw wrong("a cookie's name takes letters, digits and the marks of an RFC 9110 token");
  if (!Object.hasOwn(SAME_SITE, sameSite)) throw wrong("sameSite must be lax, strict or none");
  if (!path.startsWith("/") || UNSAFE.test(path)) throw wrong('a cookie\'s path begins with "/" and has no ";"');
  if (domain !== undefined && (domain === "" || UNSAFE.test(domain))) throw wrong("a cookie's domain is a host name");
  if (!secure && (sameSite === "none" || partitioned))
    throw wrong("sameSite none and partitioned need a secure cookie");
  if (!secure && /^__(host|secure)-/.test(lower)) throw wrong("__Host- and __Secure- need a secure cookie");
  if (lower.startsWith("__host-") && (path !== "/" || domain !== undefined)) {
    throw wrong("__Host- needs the path / and no domain");
  }
}

/**
 * One Set-Cookie line (RFC 6265bis 4.1). `maxAge` in seconds, 400 days at most; undefined: until the browser closes;
 * 0 deletes, with the attributes that it was set with (S47).
 */
export function setCookieLine(
  name: string,
  value: string,
  { path, domain, secure, sameSite, partitioned }: CookieAttributes,
  maxAge: number | undefined,
): string {
  let line = `${name}=${value}; Path=${path}`;
  if (domain !== undefined) line += `; Domain=${domain}`;
  if (maxAge !== undefined) line += `; Max-Age=${Math.min(maxAge, LONGEST_AGE)}`;
  if (maxAge === 0) line += "; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
  line += `; HttpOnly; SameSite=${SAME_SITE[sameSite]}`;
  if (secure) line += "; Secure";
  if (partitioned) line += "; Partitioned";
  return line;
}
