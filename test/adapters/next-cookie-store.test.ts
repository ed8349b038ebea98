import { createRequire } from "node:module";
import fc from "fast-check";
import { NextRequest } from "next/server.js";
import { describe, expect, test } from "vitest";
import { type CookieStore, cookieHeaderOf, storeCookies } from "../../adapters/next/cookie-store.js";
import { createAuth } from "../../adapters/next/index.js";
import { createTestProvider, mintSession } from "../../adapters/testing/index.js";
import { readCookies } from "../../core/cookie/header.js";
import { createJar } from "../../core/cookie/jar.js";
import { BLANKS } from "../support/blanks.js";
import { runs } from "../support/runs.js";

// With the cookie stores of the installed Next. test/next/planted-cookies.test.ts tests apps built with Next 15 and 16.

const PREFIX = "__Host-latchkey.";
const require = createRequire(import.meta.url);
const {
  MutableRequestCookiesAdapter,
  responseCookiesToRequestCookies,
} = require("next/dist/server/web/spec-extension/adapters/request-cookies");

/** The results of Next's `cookies()` in a page, in a server action, and in the page that is rendered after the action. */
const inPage = (cookie: string) => new NextRequest("https://app.example/", { headers: { cookie } }).cookies;
const inAction = (cookie: string): CookieStore => MutableRequestCookiesAdapter.wrap(inPage(cookie));
const afterAction = (store: CookieStore): CookieStore => responseCookiesToRequestCookies(store);

/** A piece of a Cookie header. */
const part = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(`${PREFIX}a`, `${PREFIX}b`, `${PREFIX}end.9`, "x") },
  { weight: 4, arbitrary: fc.constantFrom("=", "; ", ";", "1", "%31", "%zz", "%", '"', "true") },
  { weight: 1, arbitrary: fc.constantFrom(...BLANKS.filter((blank) => blank < "\u0100" && !/[\n\v\f\r]/.test(blank))) },
);
/** A Cookie header without spaces and tabs at its ends, because HTTP removes them before an app sees the header. */
const headers = fc.array(part, { maxLength: 25 }).map((parts) => parts.join("").replace(/^[ \t]+|[ \t]+$/g, ""));

describe("in the App Router, latchkey reads cookies as the browser sent them, although Next decodes them", () => {
  test.each([
    ["without a value", `${PREFIX}end.9`],
    ["percent-encoded", `${PREFIX}a=%31.x`],
    ["that cannot be percent-decoded", `${PREFIX}a=%zz`],
    ["without a value, twice", `${PREFIX}a=; ${PREFIX}a`],
    ["sent twice", `${PREFIX}a=1; ${PREFIX}a=2`],
    ["sent twice, once in a form that cannot be percent-decoded", `${PREFIX}a=1; ${PREFIX}a=%`],
    ["in quotes", `${PREFIX}a="1"`],
    ["empty", `${PREFIX}a=`],
    ["behind a no-break space", `\u00a0${PREFIX}a=1`],
  ])("a cookie %s", (_what, header) => {
    for (const store of [inPage(header), inAction(header), afterAction(inAction(header))])
      expect(readCookies(cookieHeaderOf(store as CookieStore, header), PREFIX)).toEqual(readCookies(header, PREFIX));
  });

  test("any Cookie header is read the same in a page, in an action, and in the page after an action", () => {
    fc.assert(
      fc.property(headers, (header) => {
        const expected = readCookies(header, PREFIX);
        for (const store of [inPage(header), inAction(header), afterAction(inAction(header))])
          expect(readCookies(cookieHeaderOf(store as CookieStore, header), PREFIX)).toEqual(expected);
      }),
      runs(),
    );
  });

  test("cookies that an action sets and deletes are visible to the action and to the page after it", () => {
    const change = fc.record({ name: fc.constantFrom("a", "b", "c"), value: fc.constantFrom(undefined, "v", "w") });
    fc.assert(
      fc.property(headers, fc.array(change, { maxLength: 4 }), (header, changes) => {
        // In Next's store an empty cookie looks like a deleted one; latchkey never sets an empty cookie.
        fc.pre(!readCookies(header, PREFIX).some(([, value]) => value === ""));
        const jar = createJar(header, PREFIX, { secure: true, sameSite: "lax" });
        for (const { name, value } of changes) {
          if (value === undefined) jar.delete(PREFIX + name);
          else jar.set(PREFIX + name, value, 60);
        }
        const store = inAction(header);
        storeCookies(store, [...jar.take().values()]);
        for (const laterStore of [store, afterAction(store)]) {
          const after = createJar(cookieHeaderOf(laterStore, header), PREFIX, { secure: true, sameSite: "lax" });
          expect(after.names().sort()).toEqual(jar.names().sort());
          for (const name of jar.names()) expect(after.get(name)).toBe(jar.get(name));
        }
      }),
      runs(),
    );
  });

  test("a cookie that the app sets with Next's `cookies()` is read in its encoded form", () => {
    const store = inAction("x=%20");
    store.set("x", "a;b");
    store.set("y", "1");
    expect(cookieHeaderOf(store, "x=%20").trim()).toBe("x=a%3Bb; y=1");
  });
});

describe("the proxy", () => {
  const base = "https://app.example";

  /** Runs a proxy `later` ms after sign-in, and returns the Cookie header that Next then passes on to the page. */
  async function runProxy(cookie: string, change: (request: NextRequest) => Response | undefined, later = 0) {
    const { issuer, clientId, clientSecret, fetch } = await createTestProvider();
    const options = {
      issuer,
      clientId,
      clientSecret,
      fetch,
      secret: "a secret for tests of at least thirty-two characters",
      baseUrl: base,
    };
    const minted = await mintSession({ ...options, user: { sub: "ada" } });
    const auth = createAuth({ ...options, now: () => Date.now() + later });
    let names: string[] = [];
    const proxy = auth.withProxy((request) => {
      names = request.cookies.getAll().map(({ name }) => name);
      return change(request);
    });
    const sent = `${cookie}; ${minted}`;
    const { headers } = await proxy(new NextRequest(`${base}/page`, { headers: { cookie: sent } }));
    const setCookies = headers.getSetCookie().length;
    const isChanged = headers.has("x-middleware-override-headers");
    return { setCookies, names, isChanged, header: isChanged ? headers.get("x-middleware-request-cookie") : sent };
  }
  const planted = `\u00a0${PREFIX}a=1; ${PREFIX}end.9; =${PREFIX}end.9; ${PREFIX}b=%31; ${PREFIX}c=1; ${PREFIX}c=2`;
  const wellFormed = [`${PREFIX}b=%31`, `${PREFIX}c=1`, `${PREFIX}c=2`];
  const latchkeyPairs = (header: string | null) =>
    (header ?? "").split("; ").filter((pair) => pair.includes("latchkey"));
  const isMinted = (pair: string) => /^__Host-latchkey\.[\w-]{6}\.(id|seen)/.test(pair);
  /** A proxy of the app that sets a cookie for the page, so that Next serializes the Cookie header again. */
  const setAppCookie = (request: NextRequest) => {
    request.cookies.set("own", "1");
    const headers = new Headers(request.headers);
    const names = [...headers.keys()];
    const list = { "x-middleware-next": "1", "x-middleware-override-headers": names.join(",") };
    const values = names.map((name) => [`x-middleware-request-${name}`, `${headers.get(name)}`]);
    return new Response(null, { headers: [...Object.entries(list), ...values] as Array<[string, string]> });
  };

  test.each([
    ["reads", 0],
    ["writes", 20 * 3_600_000],
  ])(
    "when the proxy %s the session, the page receives only well-formed latchkey cookies, also if the app's proxy sets a cookie",
    async (_what, later) => {
      for (const change of [() => undefined, setAppCookie]) {
        const { setCookies, header, names } = await runProxy(planted, change, later);
        expect(setCookies).toBe(later ? 1 : 0);
        expect(latchkeyPairs(header).filter((pair) => !isMinted(pair))).toEqual(wellFormed);
        expect(latchkeyPairs(header).filter(isMinted).length).toBe(later ? 2 : 1);
        if (later) expect(names.filter((name) => /end\.9|^\W/.test(name))).toEqual([]);
        if (change === setAppCookie) expect(header).toContain("own=1");
      }
    },
  );

  test("a request without planted cookies is passed on unchanged", async () => {
    const { isChanged } = await runProxy(`${PREFIX}c=1; ${PREFIX}c=2; x="y z"; odd; \u00a0z=1`, () => undefined);
    expect(isChanged).toBe(false);
  });
});
