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

// With the cookie stores of the Next that is installed; on built apps of Next 15 and 16: test/next/beside.test.ts.

const PREFIX = "__Host-latchkey.";
const require = createRequire(import.meta.url);
const {
  MutableRequestCookiesAdapter,
  responseCookiesToRequestCookies,
} = require("next/dist/server/web/spec-extension/adapters/request-cookies");

/** What `cookies()` gives in a page, in an action, and in the page that is rendered after the action. */
const inPage = (cookie: string) => new NextRequest("https://app.example/", { headers: { cookie } }).cookies;
const inAction = (cookie: string): CookieStore => MutableRequestCookiesAdapter.wrap(inPage(cookie));
const afterAction = (store: CookieStore): CookieStore => responseCookiesToRequestCookies(store);

/** A Cookie header as it gets to an app: what HTTP takes off the ends is gone. */
const part = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(`${PREFIX}a`, `${PREFIX}b`, `${PREFIX}end.9`, "x") },
  { weight: 4, arbitrary: fc.constantFrom("=", "; ", ";", "1", "%31", "%zz", "%", '"', "true") },
  { weight: 1, arbitrary: fc.constantFrom(...BLANKS.filter((blank) => blank < "\u0100" && !/[\n\v\f\r]/.test(blank))) },
);
const headers = fc.array(part, { maxLength: 25 }).map((parts) => parts.join("").replace(/^[ \t]+|[ \t]+$/g, ""));

describe("the App Router reads the cookies that the browser sent, not what Next has made of them", () => {
  test.each([
    ["without a value", `${PREFIX}end.9`],
    ["percent-encoded", `${PREFIX}a=%31.x`],
    ["that cannot be decoded", `${PREFIX}a=%zz`],
    ["without a value, twice", `${PREFIX}a=; ${PREFIX}a`],
    ["sent twice", `${PREFIX}a=1; ${PREFIX}a=2`],
    ["sent twice, once in a form that cannot be decoded", `${PREFIX}a=1; ${PREFIX}a=%`],
    ["in quotes", `${PREFIX}a="1"`],
    ["empty", `${PREFIX}a=`],
    ["behind a no-break space", `\u00a0${PREFIX}a=1`],
  ])("a cookie %s", (_what, header) => {
    for (const store of [inPage(header), inAction(header), afterAction(inAction(header))])
      expect(readCookies(cookieHeaderOf(store as CookieStore, header), PREFIX)).toEqual(readCookies(header, PREFIX));
  });

  test("any header at all: in a page, in an action, and in the page after an action", () => {
    fc.assert(
      fc.property(headers, (header) => {
        const read = readCookies(header, PREFIX);
        for (const store of [inPage(header), inAction(header), afterAction(inAction(header))])
          expect(readCookies(cookieHeaderOf(store as CookieStore, header), PREFIX)).toEqual(read);
      }),
      runs(),
    );
  });

  test("what an action wrote and deleted is what it, and the page after it, then read", () => {
    const change = fc.record({ name: fc.constantFrom("a", "b", "c"), value: fc.constantFrom(undefined, "v", "w") });
    fc.assert(
      fc.property(headers, fc.array(change, { maxLength: 4 }), (header, changes) => {
        // Next's store does not tell one that was sent empty from one that was deleted; we write none that is empty.
        fc.pre(!readCookies(header, PREFIX).some(([, value]) => value === ""));
        const jar = createJar(header, PREFIX, { secure: true, sameSite: "lax" });
        for (const { name, value } of changes) {
          if (value === undefined) jar.delete(PREFIX + name);
          else jar.set(PREFIX + name, value, 60);
        }
        const store = inAction(header);
        storeCookies(store, [...jar.take().values()]);
        for (const seen of [store, afterAction(store)]) {
          const after = createJar(cookieHeaderOf(seen, header), PREFIX, { secure: true, sameSite: "lax" });
          expect(after.names().sort()).toEqual(jar.names().sort());
          for (const name of jar.names()) expect(after.get(name)).toBe(jar.get(name));
        }
      }),
      runs(),
    );
  });

  test("a cookie that the app set with Next's means is there, encoded", () => {
    const store = inAction("x=%20");
    store.set("x", "a;b");
    store.set("y", "1");
    expect(cookieHeaderOf(store, "x=%20").trim()).toBe("x=a%3Bb; y=1");
  });
});

describe("the proxy", () => {
  const base = "https://app.example";

  /** What Next sends on to the page: the Cookie header of the request, unless the answer says another. */
  async function passedOn(cookie: string, change: (request: NextRequest) => Response | undefined, later = 0) {
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
    const wrote = headers.getSetCookie().length;
    const isListed = headers.has("x-middleware-override-headers");
    return { sent, wrote, names, isListed, header: isListed ? headers.get("x-middleware-request-cookie") : sent };
  }
  const odd = `\u00a0${PREFIX}a=1; ${PREFIX}end.9; =${PREFIX}end.9; ${PREFIX}b=%31; ${PREFIX}c=1; ${PREFIX}c=2`;
  const read = [`${PREFIX}b=%31`, `${PREFIX}c=1`, `${PREFIX}c=2`];
  const ours = (header: string | null) => (header ?? "").split("; ").filter((pair) => pair.includes("latchkey"));
  const isMinted = (pair: string) => /^__Host-latchkey\.[\w-]{6}\.(id|seen)/.test(pair);
  const reprint = (request: NextRequest) => {
    request.cookies.set("own", "1");
    const headers = new Headers(request.headers);
    const names = [...headers.keys()];
    const listed = { "x-middleware-next": "1", "x-middleware-override-headers": names.join(",") };
    const passed = names.map((name) => [`x-middleware-request-${name}`, `${headers.get(name)}`]);
    return new Response(null, { headers: [...Object.entries(listed), ...passed] as Array<[string, string]> });
  };

  test.each([
    ["a session is read", 0],
    ["a session is written", 20 * 3_600_000],
  ])(
    "where %s, the page gets what was read, also where the app's own cookies made Next print the header anew",
    async (_what, later) => {
      for (const change of [() => undefined, reprint]) {
        const { wrote, header, names } = await passedOn(odd, change, later);
        expect(wrote).toBe(later ? 1 : 0);
        expect(ours(header).filter((pair) => !isMinted(pair))).toEqual(read);
        expect(ours(header).filter(isMinted).length).toBe(later ? 2 : 1);
        if (later) expect(names.filter((name) => /end\.9|^\W/.test(name))).toEqual([]);
        if (change === reprint) expect(header).toContain("own=1");
      }
    },
  );

  test("a request that there is nothing to change about goes on as it came", async () => {
    const { isListed } = await passedOn(`${PREFIX}c=1; ${PREFIX}c=2; x="y z"; odd; \u00a0z=1`, () => undefined);
    expect(isListed).toBe(false);
  });
});
