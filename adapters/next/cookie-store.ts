import type { cookies } from "next/headers.js";
import { trimBlanks } from "../../core/cookie/header.js";
import type { ReplyWriter } from "../../core/relying-party/request-auth.js";
import type { Reply } from "../../core/request/response.js";

/** What `cookies()` of `next/headers` gives. */
export type CookieStore = Awaited<ReturnType<typeof cookies>>;

type Cookie = Extract<Parameters<CookieStore["set"]>, [unknown]>[0];

const probe = Symbol();

/** Whether Next lets cookies be written here. It looks at the store before it looks at the cookie: asked without a trace. */
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

/** A Cookie header as Next parses it: decoded, of several of one name the last, and "true" where a pair has no "=". */
function parsedByNext(header: string): ReadonlyMap<string, string> {
  const parsed = new Map<string, string>();
  for (const pair of header.split(/; */).filter(Boolean)) {
    const end = pair.indexOf("=");
    try {
      parsed.set(end < 0 ? pair : pair.slice(0, end), end < 0 ? "true" : decodeURIComponent(pair.slice(end + 1)));
    } catch {
      // Next leaves out what it cannot decode.
    }
  }
  return parsed;
}

/**
 * The Cookie header as it is now: after a write in the same request, the store knows it and the header does not. `sent`:
 * the header, which has what the store has lost: how values were encoded, what came twice, what had no value. What was sent
 * empty and then deleted stays: the store does not tell. Nothing of ours is empty.
 */
export function cookieHeaderOf(store: CookieStore, sent: string): string {
  const parsed = parsedByNext(sent);
  const held = new Map(store.getAll().map(({ name, value }) => [name, value]));
  const isChanged = (name: string) => held.get(name) !== parsed.get(name);
  const kept = sent.split(";").filter((pair) => !isChanged(trimBlanks(pair.split("=", 1)[0] as string)));
  const changed = [...held]
    // Without a value: deleted in this request. What a value was decoded to must not end it.
    .flatMap(([name, value]) => (value && isChanged(name) ? ` ${name}=${encodeURIComponent(value)}` : []));
  return [...kept, ...changed].join(";");
}

/** A Set-Cookie line as `cookies().set` takes it. */
function cookieOf(line: string): Cookie {
  const [pair = "", ...attributes] = line.split("; ");
  const equals = pair.indexOf("=");
  const of = new Map(
    attributes.map((attribute) => {
      const [name = "", value = ""] = attribute.split("=");
      return [name.toLowerCase(), value];
    }),
  );
  const maxAge = of.get("max-age");
  return {
    name: pair.slice(0, equals),
    value: pair.slice(equals + 1),
    path: of.get("path"),
    domain: of.get("domain"),
    sameSite: of.get("samesite")?.toLowerCase(),
    httpOnly: of.has("httponly"),
    secure: of.has("secure"),
    partitioned: of.has("partitioned"),
    ...(maxAge === undefined ? {} : { maxAge: Number(maxAge) }),
  } as Cookie;
}

/** Puts Set-Cookie lines into the store. */
export function storeCookies(store: CookieStore, lines: readonly string[]): true {
  for (const line of lines) store.set(cookieOf(line));
  return true;
}

/** Writes through the store. Next sets the caching headers: whatever reads cookies is private. `send`: how a reply redirects. */
export const createStoreWriter = (
  store: CookieStore,
  isOpen: boolean,
  send: (reply: Reply) => Promise<never>,
): ReplyWriter<never> => ({
  canWrite: () => isOpen && canWrite(store),
  markSessionRead() {},
  setCookies: (lines) => storeCookies(store, lines),
  // Next makes the response, and leaves the cookies out of some: nothing tells which.
  onSent() {},
  send,
});
