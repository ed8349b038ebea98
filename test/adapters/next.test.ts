import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { runInNewContext } from "node:vm";
import { NextRequest } from "next/server.js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createMemoryStore, createStore } from "../../adapters/index.js";
import { createAuth, initAuth0, MisuseError } from "../../adapters/next/index.js";
import { createTestProvider, mintSession, type TestProvider } from "../../adapters/testing/index.js";
import { plainRequest } from "../support/app.js";

// Tests that need no app built by Next; the others are in test/next.

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

/** Starts a server that calls `handle` for each request, as Next calls a page or an API route. Returns its origin. */
async function serve(handle: (req: IncomingMessage, res: ServerResponse) => Promise<unknown>): Promise<string> {
  const server = createServer((req, res) =>
    handle(req, res).then(
      (value) => res.writableEnded || res.end(JSON.stringify(value ?? null)),
      (error) => res.writeHead(500).end(String(error)),
    ),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  close = () => void server.close().closeAllConnections();
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("the Pages Router", () => {
  test("requireSessionPage redirects back to the page, even for the page's data request and after the session was read", async () => {
    const auth = createAuth(optionsAt("https://app.example/docs"));
    const guarded = auth.requireSessionPage();
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

  test("requireSessionApi answers 401 without a session, and passes the session to the handler", async () => {
    const options = optionsAt("http://127.0.0.1:3000");
    const guarded = createAuth(options).requireSessionApi((_req, res, { session }) => void res.end(session.user.sub));
    const url = await serve(async (req, res) => guarded(req as never, res as never));
    expect((await fetch(url)).status).toBe(401);
    const cookie = await mintSession({ ...options, user: { sub: "ada" } });
    expect(await (await fetch(url, { headers: { cookie } })).text()).toBe("ada");
  });

  test("a session that the store cannot give now is no reason to sign in again: API routes answer 503, pages throw", async () => {
    const options = optionsAt("http://127.0.0.1:3000");
    const memory = createMemoryStore();
    const away = createStore({ ...memory, get: () => Promise.reject(new Error("away")) });
    const cookie = await mintSession({
      ...options,
      store: memory,
      session: { storage: "store" },
      user: { sub: "ada" },
    });
    const auth = createAuth({ ...options, store: away, session: { storage: "store" } });
    const api = auth.requireSessionApi((_req, res) => res.end());
    const page = auth.requireSessionPage();
    const url = await serve((req, res) =>
      req.url === "/api"
        ? (api(req as never, res as never) as Promise<unknown>)
        : page({ req, res, resolvedUrl: "/", query: {} } as unknown as Parameters<typeof page>[0]),
    );
    const { status, headers } = await fetch(`${url}/api`, { headers: { cookie } });
    expect([status, headers.get("retry-after")]).toEqual([503, "5"]);
    expect(await (await fetch(`${url}/page`, { headers: { cookie } })).text()).toContain("store unavailable");
  });

  test("login and logout answer the request that they get", async () => {
    const auth = createAuth(optionsAt("http://127.0.0.1:3000"));
    const url = await serve((req, res) =>
      req.url === "/in" ? auth.login(req, res, { returnTo: "/cart" }) : auth.logout(req, res, { returnTo: "/bye" }),
    );
    const locationOf = async (path: string) =>
      (await fetch(url + path, { redirect: "manual" })).headers.get("location") ?? "";
    expect(new URL(await locationOf("/in")).pathname).toBe("/authorize");
    expect(await locationOf("/out")).toBe("http://127.0.0.1:3000/bye");
  });

  test("a request object of another realm, as test runners create it, is accepted", async () => {
    const auth = createAuth(optionsAt("http://127.0.0.1:3000"));
    const cookie = await mintSession({ ...optionsAt("http://127.0.0.1:3000"), user: { sub: "alice" } });
    const req = runInNewContext("({ method: 'GET', url: '/', headers: { host: '127.0.0.1:3000', cookie } })", {
      cookie,
    });
    expect((await auth.getSession(req))?.user.sub).toBe("alice");
  });

  test("a request with headers named `get` and `entries` is accepted", async () => {
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

test("GET /auth/me does not count as activity, so a page that polls it does not extend the session", async () => {
  let now = Date.now();
  const base = "http://127.0.0.1:3000";
  const auth = createAuth({ ...optionsAt(base), mount: "/api/auth", now: () => now });
  const cookie = await mintSession({ ...optionsAt(base), user: { sub: "ada" } });
  const url = await serve((req, res) => {
    const apiResponse = Object.assign(res, { status: (code: number) => Object.assign(res, { statusCode: code }) });
    return req.url === "/page"
      ? auth.getSession(req, res)
      : Promise.resolve(auth.apiHandler(req as never, apiResponse as never));
  });
  now += 20 * 3_600_000;
  const setCookies = async (path: string) =>
    (await fetch(url + path, { headers: { cookie } })).headers.getSetCookie().length;
  expect(await setCookies("/api/auth/me")).toBe(0);
  expect(await setCookies("/page")).toBe(1);
});

describe("a guard in the proxy", () => {
  const base = "http://127.0.0.1:3000";
  const guard = (init: ConstructorParameters<typeof NextRequest>[1]) => {
    const auth = createAuth(optionsAt(base));
    const proxy = auth.withProxy((_request, { requireSession }) => requireSession());
    return proxy(new NextRequest(`${base}/account?tab=2`, init));
  };

  test("redirects a visitor without a session to sign in, with the page as returnTo", async () => {
    const response = await guard({ headers: { "sec-fetch-mode": "navigate" } });
    expect([response.status, response.headers.get("location")]).toEqual([
      302,
      `${base}/auth/login?returnTo=%2Faccount%3Ftab%3D2`,
    ]);
  });

  test.each([
    ["a server action, which would otherwise get the page", { method: "POST", headers: { "next-action": "x" } }],
    [
      "a GET request with the header of a server action",
      { headers: { "next-action": "x", "sec-fetch-mode": "navigate" } },
    ],
    ["a data request of the router", { headers: { "x-nextjs-data": "1", "sec-fetch-mode": "navigate" } }],
    ["a request of a script", { headers: { "sec-fetch-mode": "cors" } }],
  ])("refuses %s with 401", async (_what, init) => {
    const response = await guard(init);
    expect([response.status, response.headers.get("cache-control")]).toEqual([401, "private, no-store"]);
    expect(response.headers.has("x-middleware-next")).toBe(false);
  });

  test("lets a request with a session pass", async () => {
    const cookie = await mintSession({ ...optionsAt(base), user: { sub: "ada" } });
    const response = await guard({ method: "POST", headers: { cookie, "next-action": "x" } });
    expect(response.headers.get("x-middleware-next")).toBe("1");
  });
});

describe("a route handler called outside Next, as in a user's test", () => {
  test("reads the session of its Request", async () => {
    const auth = createAuth(optionsAt("http://127.0.0.1:3000"));
    const handler = auth.requireSession((_request, { session }) => Response.json(session?.user));
    const cookie = await mintSession({ ...optionsAt("http://127.0.0.1:3000"), user: { sub: "ada" } });
    const response = await handler(new Request("http://127.0.0.1:3000/x", { headers: { cookie } }));
    expect(await response.json()).toEqual({ sub: "ada" });
    expect((await handler(new Request("http://127.0.0.1:3000/x"))).status).toBe(401);
  });

  test("passes on an error of the app", async () => {
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
  /** The response of a page that uses initAuth0 with these changes to the settings: "null", or an error. */
  const firstUse = async (changed: object): Promise<string> => {
    const auth0 = initAuth0({ ...settings, ...changed });
    const url = await serve(async (req) => auth0.getSession(req));
    const text = await (await fetch(url)).text();
    close();
    return text;
  };

  test("onUserLoaded receives a `redirectTo` on the app, even if the login URL has a foreign or a long one", async () => {
    const now = Date.now();
    const states: unknown[] = [];
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
          states.push(state);
          return session;
        },
      });
    });
    const long = `/search?q=${"x".repeat(1100)}`;
    for (const redirectTo of ["/a?b=1", "https://evil.example/x", long]) {
      const headers = { "sec-fetch-mode": "navigate" };
      const login = await plainRequest(url, `/api/login?redirectTo=${encodeURIComponent(redirectTo)}`, { headers });
      const cookie = login.setCookies.map((line) => line.split(";")[0]).join("; ");
      const back = await provider.authorize(String(login.headers.location), { user: { sub: "ada" } });
      const { pathname, search } = new URL(back.url);
      const callback = await plainRequest(url, pathname + search, { headers: { ...headers, cookie } });
      expect(callback.status).toBe(302);
    }
    expect(states).toEqual([{ redirectTo: "/a?b=1" }, { redirectTo: "/" }, { redirectTo: long }]);
  });

  test("machines that share a store have one session: each shows it, its token is refreshed once, and all sign it out", async () => {
    const calls: string[] = [];
    const memory = createMemoryStore();
    const clock = { now: Date.now() };
    const startMachine = () => {
      const store = createStore({
        ...memory,
        get(key) {
          calls.push(key.split(":")[0] as string);
          return memory.get(key);
        },
      });
      const auth0 = initAuth0({
        ...settings,
        issuer: provider.issuer,
        clientId: provider.clientId,
        clientSecret: provider.clientSecret,
        fetch: provider.fetch,
        now: () => clock.now,
        scope: "openid profile offline_access",
        store,
        session: { ...settings.session, storage: "store" },
      });
      const handlers: Record<string, (req: never, res: never) => Promise<unknown>> = {
        "/api/login": auth0.handleLogin,
        "/api/callback": auth0.handleCallback,
        "/token": (req, res) => auth0.tokenCache(req, res).getAccessToken({ refresh: true }),
        "/session": (req) => auth0.getSession(req),
      };
      const signOutEverywhere = () => store.signOutEverywhere("ada");
      return { handlers, signOutEverywhere };
    };
    const machines = [startMachine(), startMachine()] as const;
    const url = await serve(async (req, res) => {
      const { pathname, searchParams } = new URL(req.url as string, "http://localhost");
      const { handlers } = machines[Number(searchParams.get("machine") ?? 0)] as (typeof machines)[0];
      return handlers[pathname]?.(req as never, res as never);
    });
    const headers = { "sec-fetch-mode": "navigate" };
    const cookieIn = ({ setCookies }: { setCookies: readonly string[] }) =>
      setCookies.map((line) => line.split(";")[0]).join("; ");
    const login = await plainRequest(url, "/api/login", { headers });
    const back = new URL((await provider.authorize(String(login.headers.location), { user: { sub: "ada" } })).url);
    const callback = await plainRequest(url, `${back.pathname}${back.search}&machine=1`, {
      headers: { ...headers, cookie: cookieIn(login) },
    });
    const cookie = cookieIn(callback);
    const get = async (path: string) => JSON.parse((await plainRequest(url, path, { headers: { cookie } })).body);

    calls.length = 0;
    expect(await get("/session?machine=0")).toMatchObject({ user: { sub: "ada" } });
    // The settings show no token, so none is read.
    expect(calls).toEqual(["session"]);
    const before = provider.requests.filter(({ endpoint }) => endpoint === "token").length;
    const [first, second] = await Promise.all([get("/token?machine=0"), get("/token?machine=1")]);
    expect(second).toEqual(first);
    expect(first).toEqual({ accessToken: expect.any(String) });
    expect(provider.requests.filter(({ endpoint }) => endpoint === "token").length).toBe(before + 1);
    await machines[0].signOutEverywhere();
    expect([await get("/session?machine=0"), await get("/session?machine=1")]).toEqual([null, null]);
  });

  test("accepts the settings of nextjs-auth0 0.x", async () => {
    expect(await firstUse({})).toBe("null");
    expect(await firstUse({ session: { ...settings.session, cookieName: "a0:session", cookieLifetime: "7200" } })).toBe(
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
  ])("a wrong `%s` is a MisuseError at first use that names it", async (name, changed) => {
    expect(() => initAuth0({ ...settings, ...changed } as never)).not.toThrow();
    const message = await firstUse(changed);
    expect(message).toContain(MisuseError.name);
    expect(message).toContain(name);
  });
});
