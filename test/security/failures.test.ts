import { describe, expect, test } from "vitest";
import { verifyAccessToken } from "../../adapters/edge.js";
import type { AuthOptions } from "../../adapters/express.js";
import { createClock, createTestProvider } from "../../adapters/testing/index.js";
import { plainRequest, type TestApp } from "../support/app.js";
import { edgeApp } from "../support/edge-app.js";
import { frameworks, startingApps, watchConsole } from "../support/failing-apps.js";

const start = startingApps();

/** An app whose provider changes the text of its responses to requests for paths that end in `path`. */
async function startWith(path: string, change: (text: string) => string, options: Partial<AuthOptions> = {}) {
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const response = await app.provider.fetch(input as string, init);
    if (!new URL(String(input)).pathname.endsWith(path)) return response;
    return new Response(change(await response.text()), response);
  };
  const app: TestApp = await start(edgeApp, { onEvent: undefined, fetch, ...options });
  return app;
}

const CONTROLS = "\u001b[31m\r\nlatchkey: all is well\u2028\u202e";
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be in a line
const NOT_A_LINE = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/;

const nested = (depth: number) => `${"[".repeat(depth)}1${"]".repeat(depth)}`;

/** JSON that is valid, and that no provider sends. */
const HOSTILE: ReadonlyArray<readonly [string, string]> = [
  ["text that moves the cursor of a terminal", JSON.stringify(CONTROLS)],
  ["a name that moves the cursor of a terminal", JSON.stringify({ [CONTROLS]: CONTROLS })],
  ["an object that no text can be made of", '{"toString":0,"valueOf":0}'],
  ["lists in lists", nested(60_000)],
  ["a long list", JSON.stringify(Array(40_000).fill("long"))],
  [
    "many members",
    JSON.stringify(Object.fromEntries(Array.from({ length: 9000 }, (_, at) => [`member ${at}`, at + 1]))),
  ],
];

/** Such a value as a claim: the library that signs it for the test takes no more lists. */
const claimOf = (json: string): unknown => JSON.parse(json === nested(60_000) ? nested(2_000) : json);

describe.each(HOSTILE)("a provider that sends %s", (_what, json) => {
  const member = (name: string) => (text: string) => `${text.slice(0, text.lastIndexOf("}"))},"${name}":${json}}`;

  test.each([
    ["/openid-configuration", "issuer"],
    ["/openid-configuration", "authorization_endpoint"],
    ["/openid-configuration", "token_endpoint"],
    ["/openid-configuration", "jwks_uri"],
    ["/token", "access_token"],
    ["/token", "token_type"],
    ["/token", "id_token"],
    ["/jwks", "keys"],
    ["/userinfo", "sub"],
  ])("at %s, as %s, gets an error page and one short line on the console (L18)", async (path, name) => {
    const printed = watchConsole();
    const app = await startWith(path, member(name), { userinfo: true });
    const browser = app.browser();
    const login = await browser.navigate("/auth/login");
    const page = login.status === 302 ? await browser.signIn() : login;
    expect(page.body).toMatch(/<code>(provider_invalid|id_token_invalid)<\/code>/);
    expect(page.body.length).toBeLessThan(5000);
    const [line = "", ...more] = printed();
    expect(more).toEqual([]);
    expect(line).not.toMatch(NOT_A_LINE);
    expect(line.length).toBeLessThan(2000);
  });

  test("at /token, as expires_in, signs the user in, with one short line on the console (L18)", async () => {
    const printed = watchConsole();
    const app = await startWith("/token", member("expires_in"));
    // A response of more than 256 kB is refused whole.
    expect((await app.browser().signIn()).status).toBe(json.length > 250_000 ? 502 : 302);
    expect(printed()).toHaveLength(1);
    expect(printed()[0]).not.toMatch(NOT_A_LINE);
    expect(printed()[0]?.length).toBeLessThan(2000);
  });

  test("in a claim, gets an error page and one short line on the console (L18)", async () => {
    const printed = watchConsole();
    const app = await start(edgeApp, { onEvent: undefined });
    app.provider.misbehave({ idToken: (claims) => ({ ...claims, aud: claimOf(json) }) });
    const { status } = await app.browser().signIn();
    expect(status).toBe(502);
    expect(printed()).toHaveLength(1);
    expect(printed()[0]).not.toMatch(NOT_A_LINE);
    expect(printed()[0]?.length).toBeLessThan(2000);
  });
});

test("an access token with hostile claims is one short line on the console of an API (L18)", async () => {
  const printed = watchConsole();
  const clock = createClock();
  const { issuer, fetch, sign } = await createTestProvider({ clock });
  for (const [, json] of HOSTILE) {
    // One API for each, which prints a reason once a minute.
    const api = verifyAccessToken({ issuer, audience: "https://api.example", fetch, now: clock.now });
    const iat = clock.now() / 1000;
    const token = await sign({ sub: "a", iss: issuer, aud: { [CONTROLS]: claimOf(json) }, iat, exp: iat + 60 });
    const headers = { authorization: `Bearer ${token}` };
    const { response } = await api.verify(new Request("https://api.example/", { headers }));
    // An API reads no token of more than 16 kB.
    expect(response?.status).toBe(token.length < 16_000 ? 401 : 400);
  }
  expect(printed()).toHaveLength(4);
  for (const line of printed()) {
    expect(line).not.toMatch(NOT_A_LINE);
    expect(line.length).toBeLessThan(2000);
  }
});

describe.each(frameworks)("a response of `onFailure` on %s", (_name, framework) => {
  test("keeps no header that counts or names encoded bytes: more would follow than a proxy takes (L20)", async () => {
    const fetched = { "content-length": "5", "content-encoding": "gzip", "content-type": "text/html", "x-own": "1" };
    const app = await start(framework, { onFailure: () => new Response("<p>decoded", { headers: fetched }) });
    const { headers, body } = await app.browser().navigate("/auth/callback");
    expect([body, headers["x-own"], headers["content-type"]]).toEqual(["<p>decoded", "1", "text/html"]);
    expect([headers["content-encoding"], headers["content-length"] ?? "10"]).toEqual([undefined, "10"]);
  });

  test("sets no cookie", async () => {
    const headers: Array<[string, string]> = [
      ["set-cookie", "one=1"],
      ["set-cookie", "latchkey.silent=1"],
    ];
    const app = await start(framework, { onFailure: () => new Response("", { headers }) });
    expect((await app.browser().navigate("/auth/callback")).setCookies).toEqual([]);
  });

  test("may have no body", async () => {
    const app = await start(framework, { onFailure: () => new Response(null, { status: 204 }) });
    expect((await app.browser().navigate("/auth/callback")).status).toBe(204);
  });
});

describe.each(frameworks)("a silent sign-in that finds no session, on %s", (_name, framework) => {
  const enter = `/enter?options=${encodeURIComponent(JSON.stringify({ prompt: "none", returnTo: "/" }))}`;
  /** The reason after a silent sign-in, in a browser with this cookie. */
  async function reasonWith(app: TestApp, cookie: string) {
    const browser = app.browser();
    const plant = () => {
      const own = browser.jar.header(`${app.url}/`);
      return { headers: { cookie: own ? `${cookie}; ${own}` : cookie } };
    };
    const login = await browser.navigate(enter, plant());
    const { url } = await app.provider.authorize(String(login.headers.location), { error: "login_required" } as never);
    expect((await browser.navigate(url, plant())).headers.location).toBe(`${app.url}/`);
    return JSON.parse((await browser.fetch("/", plant())).body).reason;
  }

  test.each([
    ["a session of a former secret", "latchkey.AAAAAA.id.0=eyJhbGciOiJkaXIi"],
    ["a part of a session", "latchkey.AAAAAA.id.1=x"],
    ["the cookie of a silent sign-in twice", "latchkey.silent=1; latchkey.silent=1"],
  ])("is told to the app beside %s: it would try again for ever (L21)", async (_what, cookie) => {
    expect(await reasonWith(await start(framework, {}), cookie)).toBe("login_required");
  });
});

describe.each(frameworks)("a silent sign-in by the login route, on %s", (_name, framework) => {
  test("returns to the page where the app allows `prompt` in its query", async () => {
    const app = await start(framework, { allowedParams: ["prompt"] });
    const browser = app.browser();
    const login = await browser.navigate("/auth/login?prompt=none&returnTo=%2Finvoices");
    const { url } = await app.provider.authorize(String(login.headers.location), { error: "login_required" } as never);
    expect((await browser.navigate(url)).headers.location).toBe(`${app.url}/invoices`);
  });

  test("leaves the session as it is", async () => {
    const app = await start(framework, { allowedParams: ["prompt"] });
    const browser = app.browser();
    await browser.signIn();
    const login = await browser.navigate("/auth/login?prompt=none");
    const { url } = await app.provider.authorize(String(login.headers.location), { error: "login_required" } as never);
    await browser.navigate(url);
    expect((await browser.fetch("/private")).status).toBe(200);
  });
});

describe.each(frameworks)("a request that is declined, on %s", (_name, framework) => {
  const TARGETS = [
    "/auth/login?returnTo=https://evil.example/",
    "/auth/login?\\\\evil.example",
    "/auth/login?a=%0d%0ax:%201",
    "/auth/login/?//evil.example",
    "//evil.example/auth/login",
    "/\\evil.example/auth/login",
    "//auth/login",
    "/./auth/login",
    "/%2fevil.example/auth/login",
    "/auth%2flogin",
    "/auth/login#//evil.example",
    "/auth/login?\u00ff",
    "/shop/auth/login",
    "/shop//auth/login",
    "/shop/../auth/login",
  ];

  test.each(["", "/shop", "/a/shop"])("sends htmx to no other origin, under the path %j", async (path) => {
    const app = await start(framework, (url) => ({ baseUrl: url + path }));
    const sent: string[] = [];
    for (const target of TARGETS) {
      const headers = { "hx-request": "true", "sec-fetch-mode": "cors" };
      const answer = await plainRequest(app.url, target, { headers });
      const to = answer.headers["hx-redirect"];
      if (to === undefined) continue;
      sent.push(target);
      const { origin, pathname } = new URL(String(to), app.url);
      expect([target, origin, pathname.replace(/\/$/, "")]).toEqual([target, app.url, `${path}/auth/login`]);
      expect(answer.headers["cache-control"]).toBe("private, no-store");
      expect(answer.setCookies).toEqual([]);
    }
    expect(sent.length).toBeGreaterThan(path ? 1 : 3);
    expect(sent).not.toContain("//auth/login");
  });

  test.each(["/shop", "/a/shop"])(
    "and every page of a guard leads to one login route, under the path %s",
    async (path) => {
      const app = await start(framework, (url) => ({ baseUrl: url + path }));
      for (const target of ["/private", "/private?//evil.example", "/private?x=\\\\evil.example"]) {
        const headers = { "sec-fetch-mode": "navigate", accept: "text/html" };
        const { status, headers: answered } = await plainRequest(app.url, target, { headers });
        const login = new URL(String(answered.location));
        expect([status, login.origin, login.pathname]).toEqual([302, app.url, `${path}/auth/login`]);
        const returnTo = new URL(String(login.searchParams.get("returnTo")), app.url);
        expect([returnTo.origin, returnTo.pathname]).toEqual([app.url, `${path}/private`]);
      }
    },
  );
});
