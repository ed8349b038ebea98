import type { cookies } from "next/headers.js";
import { trimBlanks } from "../../core/cookie/header.js";
import type { Reply, ReplyWriter } from "../../core/request/response.js";

/** The result of `cookies()` of `next/headers`. */
export type CookieStore = Awaited<ReturnType<typeof cookies>>;

type Cookie = Extract<Parameters<CookieStore["set"]>, [unknown]>[0];

const probe = Symbol();

/** Whether Next lets cookies be written now. `set` checks that before it reads the cookie, so the probe below changes nothing. */
function canWrite(store: CookieStore): boolean {
  try {
    store.set({
      get name(): string {
        throw probe;
      },
    } as Cookie);
  } catch (thrown) {
    return thrown === probe;
  }
  return false;
}

/** A Cookie header as Next parses it: values are decoded, the last of several with one name counts, and a pair without "=" is "true". */
function parsedByNext(header: string): ReadonlyMap<string, string> {
  const parsed = new Map<string, string>();
  for (const pair of header.split(/; */).filter(Boolean)) {
    const end = pair.indexOf("=");
    try {
      parsed.set(end < 0 ? pair : pair.slice(0, end), end < 0 ? "true" : decodeURIComponent(pair.slice(end + 1)));
    } catch {
      // Next ignores a value that it cannot decode.
    }
  }
  return parsed;
}

/**
 * The Cookie header with the writes of this request, which only the store has. `sent`: the header as the browser sent it, from
 * which unchanged cookies are taken, because the store loses the encoding of values, names that came twice and pairs without a
 * value. A cookie that was sent empty and then deleted stays, since the store looks alike in both cases; latchkey's are never
 * empty.
 */
export function cookieHeaderOf(store: CookieStore, sent: string): string {
  const parsed = parsedByNext(sent);
  const stored = new Map(store.getAll().map(({ name, value }) => [name, value]));
  const isChanged = (name: string) => stored.get(name) !== parsed.get(name);
  const unchanged = sent.split(";").filter((pair) => !isChanged(trimBlanks(pair.split("=", 1)[0] as string)));
  const changed = [...stored]
    // A cookie without a value was deleted in this request. The others are encoded, so that no ";" in a value ends it.
    .flatMap(([name, value]) => (value && isChanged(name) ? ` ${name}=${encodeURIComponent(value)}` : []));
  return [...unchanged, ...changed].join(";");
}

/** A Set-Cookie line of latchkey, in which no name and no value has a "=", as `cookies().set` takes it. */
function cookieOf(line: string): Cookie {
  const [[name, value] = [], ...attributes] = line.split("; ").map((part) => part.split("="));
  const { Path: path, Domain: domain, SameSite, "Max-Age": maxAge, ...flags } = Object.fromEntries(attributes);
  return {
    name,
    value,
    path,
    domain,
    sameSite: SameSite.toLowerCase(),
    httpOnly: "HttpOnly" in flags,
    secure: "Secure" in flags,
    partitioned: "Partitioned" in flags,
    ...(maxAge && { maxAge: Number(maxAge) }),
  } as Cookie;
}

/** Puts Set-Cookie lines into the store. */
export function storeCookies(store: CookieStore, lines: readonly string[]): true {
  for (const line of lines) store.set(cookieOf(line));
  return true;
}

/** A response writer over Next's store. Next itself makes a response private when cookies are read. `send` redirects. */
export const createStoreWriter = (
  store: CookieStore,
  isOpen: boolean,
  send: (reply: Reply) => Promise<never>,
): ReplyWriter<never> => ({
  canWrite: () => isOpen && canWrite(store),
  markSessionRead() {},
  setCookies: (lines) => storeCookies(store, lines),
  // Never called: Next makes the response, leaves the cookies out of some responses, and does not report which.
  onSent() {},
  send,
});
