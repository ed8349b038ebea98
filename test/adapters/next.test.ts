import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { runInNewContext } from "node:vm";
import { NextRequest } from "next/server.js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createAuth, initAuth0, MisuseError } from "../../adapters/next/index.js";
import { createTestProvider, mintSession, type TestProvider } from "../../adapters/testing/index.js";
import { plainRequest } from "../support/app.js";

// What needs no build of Next: the rest is in test/next.

let provider: TestProvider;
let close = () => {};
beforeEach(async () => {
  provider = await createTestProvider();
});
afterEach(() => close());

const optionsAt = (baseUrl: string) => ({
  issuer: provider.issuer,
  clientId: provider.clientId,
  clientSecret: provider.clientSecret,
  secret: "a secret for tests of at least thirty-two characters",
  baseUrl,
  fetch: provider.fetch,
});

/** Serves each request with what is given, as a page's or an API route's code is. */
async function serve(answer: (req: IncomingMessage, res: ServerResponse) => Promise<unknown>): Promise<string> {
  const server = createServer((req, res) =>
    answer(req, res).then(
      (value) => res.writableEnded || res.end(JSON.stringify(value ?? null)),
      (error) => res.writeHead(500).end(String(error)),
    ),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  close = () => void server.close().closeAllConnections();
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("the Pages Router", () => {
  test("a page comes back to itself, also where its data is asked for and the app has looked at the session before", async () => {
    const auth = createAuth(optionsAt("https://app.example/docs"));
    const guarded = auth.withPageAuth();
    const url = await serve(async (req, res) => {
      await auth.getSession(req, res);
      const page = { req, res, resolvedUrl: "/account?tab=2", locale: "de", defaultLocale: "en", query: {} };
      return guarded(page as unknown as Parameters<typeof guarded>[0]);
    });
    const { redirect } = await (await fetch(`${url}/_next/data/build/account.json`)).json();
    const target = new URL(redirect.destination);
    expect(target.origin + target.pathname).toBe("https://app.example/docs/auth/login");
    expect(target.searchParams.get("returnTo")).toBe("/docs/de/account?tab=2");
  });

  test("a request of another realm is one of Node's", async () => {
    const auth = createAuth(optionsAt("http://127.0.0.1:3000"));
    const cookie = await mintSession({ ...optionsAt("http://127.0.0.1:3000"), user: { sub: "alice" } });
    const req = runInNewContext("({ method: 'GET', url: '/', headers: { host: '127.0.0.1:3000', cookie } })", {
      cookie,
    });
    expect((await auth.getSession(req))?.user.sub).toBe("alice");
  });

  test("a header that is named like a method is a header", async () => {
    const auth = createAuth(optionsAt("http://127.0.0.1:3000"));
    const url = await serve(async (req, res) => (await auth.getSession(req, res))?.user);
    const headers = {
      get: "x",
      entries: "y",
      cookie: await mintSession({ ...optionsAt("http://127.0.0.1:3000"), user: { sub: "ada" } }),
    };
    expect(await (await fetch(url, { headers })).json()).toEqual({ sub: "ada" });
  });
});

test("asking who is signed in is no activity: polling keeps nobody signed in", async () => {
  const now = { at: Date.now() };
  const base = "http://127.0.0.1:3000";
  const auth = createAuth({ ...optionsAt(base), mount: "/api/auth", now: () => now.at });
  const cookie = await mintSession({ ...optionsAt(base), user: { sub: "ada" } });
  const url = await serve((req, res) => {
    const routed = Object.assign(res, { status: (code: number) => Object.assign(res, { statusCode: code }) });
    return req.url === "/page"
      ? auth.getSession(req, res)
      : Promise.resolve(auth.apiHandler(req as never, routed as never));
  });
  now.at += 20 * 3_600_000;
  const answer = async (path: string) =>
    (await fetch(url + path, { headers: { cookie } })).headers.getSetCookie().length;
  expect(await answer("/api/auth/me")).toBe(0);
  expect(await answer("/page")).toBe(1);
});

describe("a guard in the proxy", () => {
  const base = "http://127.0.0.1:3000";
  const guard = (init: ConstructorParameters<typeof NextRequest>[1]) => {
    const auth = createAuth(optionsAt(base));
    const proxy = auth.withProxy((_request, { requireSession }) => requireSession());
    return proxy(new NextRequest(`${base}/account?tab=2`, init));
  };

  test("sends a person to sign in and back", async () => {
    const answer = await guard({ headers: { "sec-fetch-mode": "navigate" } });
    expect([answer.status, answer.headers.get("location")]).toEqual([
      302,
      `${base}/auth/login?returnTo=%2Faccount%3Ftab%3D2`,
    ]);
  });

  test.each([
    ["a server action, which would be shown the page", { method: "POST", headers: { "next-action": "x" } }],
    ["what only looks like one", { headers: { "next-action": "x", "sec-fetch-mode": "navigate" } }],
    ["a router's request", { headers: { "x-nextjs-data": "1", "sec-fetch-mode": "navigate" } }],
    ["a script", { headers: { "sec-fetch-mode": "cors" } }],
  ])("refuses %s", async (_what, init) => {
    const answer = await guard(init);
    expect([answer.status, answer.headers.get("cache-control")]).toEqual([401, "private, no-store"]);
    expect(answer.headers.has("x-middleware-next")).toBe(false);
  });

  test("lets through who is signed in", async () => {
    const cookie = await mintSession({ ...optionsAt(base), user: { sub: "ada" } });
    const answer = await guard({ method: "POST", headers: { cookie, "next-action": "x" } });
    expect(answer.headers.get("x-middleware-next")).toBe("1");
  });
});

describe("a route handler that is called without Next around it, as by a test", () => {
  test("knows who is there", async () => {
    const auth = createAuth(optionsAt("http://127.0.0.1:3000"));
    const handler = auth.requireSession((_request, { session }) => Response.json(session?.user));
    const cookie = await mintSession({ ...optionsAt("http://127.0.0.1:3000"), user: { sub: "ada" } });
    const known = await handler(new Request("http://127.0.0.1:3000/x", { headers: { cookie } }));
    expect(await known.json()).toEqual({ sub: "ada" });
    expect((await handler(new Request("http://127.0.0.1:3000/x"))).status).toBe(401);
  });

  test("and its own error stays its own", async () => {
    const auth = createAuth(optionsAt("http://127.0.0.1:3000"));
    const handler = auth.wrap(() => {
      throw new RangeError("mine");
    });
    await expect(handler(new Request("http://127.0.0.1:3000/x"))).rejects.toThrow(new RangeError("mine"));
  });
});

describe("initAuth0", () => {
  const settings = {
    domain: "tenant.eu.auth0.com",
    clientId: "client",
    clientSecret: "secret",
    redirectUri: "http://localhost:3000/api/callback",
    postLogoutRedirectUri: "http://localhost:3000/",
    session: { cookieSecret: "a secret for tests of at least thirty-two characters" },
  };
  const problem = async (changed: object): Promise<string> => {
    const auth0 = initAuth0({ ...settings, ...changed });
    const url = await serve(async (req) => auth0.getSession(req));
    const answer = await (await fetch(url)).text();
    close();
    return answer;
  };

  test("what the app is told of `redirectTo` is a path of its own, however long or foreign the one asked for", async () => {
    const now = Date.now();
    const seen: unknown[] = [];
    const url = await serve(async (req, res) => {
      const auth0 = initAuth0({
        ...settings,
        issuer: provider.issuer,
        clientId: provider.clientId,
        clientSecret: provider.clientSecret,
        fetch: provider.fetch,
        now: () => now,
      });
      const [request, response] = [req as never, res as never];
      if (req.url?.startsWith("/api/login")) return auth0.handleLogin(request, response);
      return auth0.handleCallback(request, response, {
        onUserLoaded: (_req, _res, session, state) => {
          seen.push(state);
          return session;
        },
      });
    });
    for (const asked of ["/a?b=1", "https://evil.example/x", `/search?q=${"x".repeat(1100)}`]) {
      const headers = { "sec-fetch-mode": "navigate" };
      const login = await plainRequest(url, `/api/login?redirectTo=${encodeURIComponent(asked)}`, { headers });
      const cookie = login.setCookies.map((line) => line.split(";")[0]).join("; ");
      const back = await provider.authorize(String(login.headers.location), { user: { sub: "ada" } });
      const { pathname, search } = new URL(back.url);
      const callback = await plainRequest(url, pathname + search, { headers: { ...headers, cookie } });
      expect(callback.status).toBe(302);
    }
    expect(seen).toEqual([{ redirectTo: "/a?b=1" }, { redirectTo: "/" }, { redirectTo: "/" }]);
  });

  test("takes the settings as they were", async () => {
    expect(await problem({})).toBe("null");
    expect(await problem({ session: { ...settings.session, cookieName: "a0:session", cookieLifetime: "7200" } })).toBe(
      "null",
    );
  });

  test.each([
    ["domain", { domain: undefined }],
    ["clientSecret", { clientSecret: "" }],
    ["session", { session: undefined }],
    ["session.cookieSecret", { session: {} }],
    ["secret", { session: { cookieSecret: "too short" } }],
    ["redirectUri", { redirectUri: "/api/callback" }],
    ["postLogoutRedirectUri", { postLogoutRedirectUri: "https://other.example/" }],
    ["cookiePath", { session: { ...settings.session, cookiePath: "/app" } }],
  ])("says at first use what is wrong with %s", async (name, changed) => {
    expect(() => initAuth0({ ...settings, ...changed } as never)).not.toThrow();
    const said = await problem(changed);
    expect(said).toContain(MisuseError.name);
    expect(said).toContain(name);
  });
});
