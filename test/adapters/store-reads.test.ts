import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { NextRequest } from "next/server.js";
import { afterEach, describe, expect, test } from "vitest";
import { createAuth as createEdgeAuth } from "../../adapters/edge.js";
import { createMemoryStore, createStore, type Store } from "../../adapters/index.js";
import { createAuth as createNextAuth } from "../../adapters/next/index.js";
import { auth, getAuth, requireSession } from "../../adapters/node.js";
import { createTestProvider, mintSession } from "../../adapters/testing/index.js";
import { plainRequest } from "../support/app.js";

// Which requests use the store, when sessions are in it.

let close = () => {};
afterEach(() => close());

/** An app's options, the Cookie header of a signed-in user, and the calls of the store since it was last asked. */
async function setUp(base = "https://app.example") {
  const provider = await createTestProvider();
  const calls: string[] = [];
  const memory = createMemoryStore();
  const counted = Object.entries(memory).map(([name, call]) => [
    name,
    (key: string, ...rest: unknown[]) => {
      calls.push(`${name} ${key.split(":", 1)[0]}`);
      return (call as (...args: unknown[]) => unknown)(key, ...rest);
    },
  ]);
  const options = {
    issuer: provider.issuer,
    clientId: provider.clientId,
    clientSecret: provider.clientSecret,
    secret: "a secret for tests of at least thirty-two characters",
    baseUrl: base,
    fetch: provider.fetch,
    store: createStore(Object.fromEntries(counted)) as Store,
    session: { storage: "store" as const },
  };
  const tokens = { accessToken: "at", expiresIn: 3600, refreshToken: "rt", scope: "openid" };
  const cookie = await mintSession({ ...options, store: memory, user: { sub: "ada" }, tokens });
  return { options, cookie, callsOf: () => calls.splice(0) };
}

describe("node:http and Express", () => {
  async function serve() {
    const { options, cookie, callsOf } = await setUp();
    const [signIn, guard] = [auth(options), requireSession()];
    const routes: Record<string, (req: IncomingMessage, res: ServerResponse) => unknown> = {
      "/user": (req, res) => res.end(getAuth(req).session?.user.sub ?? "nobody"),
      "/unasked": (_req, res) => res.end(),
      "/guarded": (req, res) => guard(req, res, () => res.end("passed")),
      "/token": async (req, res) => res.end(await getAuth(req).getAccessToken()),
    };
    const server = createServer((req, res) => {
      if (req.url === "/health") return res.end("ok");
      signIn(req, res, () => routes[req.url as string]?.(req, res));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    close = () => void server.close().closeAllConnections();
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const get = async (path: string, headers: Record<string, string> = {}) => {
      const { body } = await plainRequest(url, path, { headers });
      return { body, calls: callsOf() };
    };
    return { get, cookie };
  }

  test("a request that does not go through `auth()`, or has no session cookie, does not use the store", async () => {
    const { get, cookie } = await serve();
    expect(await get("/health", { cookie })).toEqual({ body: "ok", calls: [] });
    for (const path of ["/user", "/unasked", "/guarded", "/auth/me", "/auth/login"])
      expect([path, (await get(path, { cookie: "theme=dark" })).calls]).toEqual([path, []]);
  });

  test("a request with a session reads it once, and the tokens when the app asks for one", async () => {
    const { get, cookie } = await serve();
    const session = ["get session"];
    expect(await get("/user", { cookie })).toEqual({ body: "ada", calls: session });
    expect(await get("/guarded", { cookie })).toEqual({ body: "passed", calls: session });
    expect((await get("/auth/me", { cookie })).calls).toEqual(session);
    // The session is there without `await`, so latchkey reads it before it knows whether the handler asks for it.
    expect((await get("/unasked", { cookie })).calls).toEqual(session);
    expect(await get("/token", { cookie })).toEqual({ body: "at", calls: [...session, "get tokens"] });
  });
});

test("on the edge a request reads the session in `wrap`, or when `getSession` is called", async () => {
  const { options, cookie, callsOf } = await setUp();
  const app = createEdgeAuth(options);
  const request = () => new Request("https://app.example/page", { headers: { cookie } });
  const wrapped = app.wrap((_request, { session }) => new Response(session?.user.sub));
  expect(await (await wrapped(request())).text()).toBe("ada");
  expect(callsOf()).toEqual(["get session"]);
  expect((await app.getSession(request()))?.user.sub).toBe("ada");
  expect(callsOf()).toEqual(["get session"]);
});

describe("Next's proxy", () => {
  const base = "http://127.0.0.1:3000";
  const continues = (response: Response) => response.headers.get("x-middleware-next") === "1";

  test("reads the session of a page, and leaves the tokens to the page", async () => {
    const { options, cookie, callsOf } = await setUp(base);
    const { proxy } = createNextAuth({ ...options, now: () => Date.now() + 3_500_000 });
    const response = await proxy(new NextRequest(`${base}/account`, { headers: { cookie } }));
    expect(continues(response)).toBe(true);
    // The token is due, and is not refreshed here.
    expect(callsOf()).toEqual(["get session"]);
  });

  test("reads nothing for a static file, unless the app's own proxy asks for the session", async () => {
    const { options, cookie, callsOf } = await setUp(base);
    const { proxy, withProxy } = createNextAuth(options);
    const request = () => new NextRequest(`${base}/logo.png`, { headers: { cookie } });
    expect(continues(await proxy(request()))).toBe(true);
    expect(callsOf()).toEqual([]);
    const own = withProxy((_request, { session }) => new Response(session?.user.sub));
    expect(await (await own(request())).text()).toBe("ada");
    expect(callsOf()).toEqual(["get session"]);
  });
});
