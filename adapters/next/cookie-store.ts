import type { cookies } from "next/headers.js";
import type { Outlet } from "../../core/plan.js";

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

/** The Cookie header again: after a write in the same request, the store knows it and the header does not. */
export const cookieHeaderOf = (store: CookieStore): string =>
  store
    .getAll()
    // Deleted in this request; what a value was decoded to must not end it.
    .flatMap(({ name, value }) => (value === "" ? [] : [`${name}=${encodeURIComponent(value)}`]))
    .join("; ");

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

/** Writes through the store. Caching headers are Next's own here: whatever reads cookies is private. */
export const storeOutlet = (store: CookieStore, isOpen: boolean): Outlet => ({
  canWrite: () => isOpen && canWrite(store),
  sessionRead() {},
  setCookies(lines) {
    for (const line of lines) store.set(cookieOf(line));
    return true;
  },
  // Next makes the response, and leaves the cookies out of some: nothing tells which.
  whenSent() {},
});
