import { decodeJwt } from "jose";
import { NextRequest } from "next/server.js";
import { describe, expect, test, vi } from "vitest";
import { createAuth as createEdgeAuth, verifyAccessToken as verifyOnEdge } from "../../adapters/edge.js";
import { type AuthOptions, privateKeyJwt } from "../../adapters/express.js";
import { createMemoryStore, createSealer, createSessions, createStore } from "../../adapters/index.js";
import { createAuth as createNextAuth, verifyAccessToken as verifyOnNext } from "../../adapters/next/index.js";
import { verifyAccessToken as verifyOnNode } from "../../adapters/node.js";
import { createCookieJar, createTestProvider, mintSession } from "../../adapters/testing/index.js";
import type { TestApp } from "../support/app.js";
import { clientKey } from "../support/client-key.js";
import { adapters, frameworks, startingApps, watchConsole } from "../support/failing-apps.js";
import {
  ForeignBytes,
  ForeignError,
  ForeignHeaders,
  ForeignRequest,
  ForeignSearchParams,
  ForeignURL,
  foreign,
  foreignResponse,
  toForeign,
} from "../support/foreign-realm.js";

/*
 * Every place where an app or a platform hands a value over, with a value of another realm, as Jest, Vitest's vm pools, frames and the
 * sandboxes of edge runtimes make them: no answer may depend on the realm.
 */

const start = startingApps();
const SECRET = "a secret for tests of at least thirty-two characters";

test("the values are of another realm", () => {
  const list = toForeign([{ a: [1] }]);
  // biome-ignore lint/suspicious/useIsArray: whether the list is of this realm
  expect([list instanceof Array, list[0] instanceof Object, new ForeignError() instanceof Error]).toEqual([
    false,
    false,
    false,
  ]);
  expect([
    new ForeignRequest("https://x/") instanceof Request,
    foreignResponse(new Response()) instanceof Response,
  ]).toEqual([false, false]);
  expect([new ForeignHeaders() instanceof Headers, new ForeignURL("https://x/") instanceof URL]).toEqual([
    false,
    false,
  ]);
  expect([new ForeignBytes() instanceof Uint8Array, toForeign(Promise.resolve()) instanceof Promise]).toEqual([
    false,
    false,
  ]);
});

/** Options of every kind, all objects and lists of which are foreign. `fetch` returns foreign promises of foreign responses. */
const foreignOptions =
  (options: AuthOptions = {}) =>
  (url: string): AuthOptions =>
    toForeign({
      baseUrl: [url, "https://other.example"],
      secret: [SECRET, "a former secret of at least thirty-two characters"],
      nextSecret: ["a secret that comes, of at least thirty-two characters"],
      allowedParams: ["ui_locales"],
      authorizationParams: { ui_locales: "de" },
      apiOrigins: ["https://op.example"],
      session: { cookie: { name: "foreign" }, rollAfter: 0 },
      ...options,
    }) as AuthOptions;

/** An app all of whose requests to the provider are answered with values of the other realm. */
async function startForeign(framework: (typeof adapters)[number][1], options: AuthOptions = {}): Promise<TestApp> {
  const app: TestApp = await start(framework, (url) => ({
    ...foreignOptions(options)(url),
    fetch: toForeign((...args: Parameters<typeof globalThis.fetch>) => app.provider.fetch(...args)),
  }));
  return app;
}

describe.each(adapters)("on %s", (_name, framework) => {
  test("options, lists, the results of fetch and of onSignIn: a user signs in and out", async () => {
    const app = await startForeign(framework, {
      userinfo: true,
      onSignIn: async ({ user }) => ({ user: { ...user, roles: ["billing"] }, data: { cart: [{ book: 1 }] } }),
    });
    const browser = app.browser();
    const callback = await browser.signIn({ sub: "alice", groups: ["a", "b"] });
    expect([callback.status, callback.body]).toEqual([302, ""]);
    const me = JSON.parse((await browser.fetch("/auth/me")).body);
    expect(me.user).toMatchObject({ sub: "alice", roles: ["billing"], groups: ["a", "b"] });
    expect((await browser.fetch("/auth/logout", { method: "POST" })).status).toBe(303);
    expect(JSON.parse((await browser.fetch("/auth/me")).body)).toEqual({ user: null });
  });

  test.each<[what: string, thrown: unknown, reason: string]>([
    ["an error", new ForeignError("connection lost"), "reason connection lost"],
    ["a DOMException", foreign("new DOMException('gone', 'AbortError')"), "reason gone"],
    ["a text", "nothing there", "reason nothing there"],
    [
      "an error with a cause",
      foreign(
        "Object.assign(new TypeError('failed'), { cause: Object.assign(new Error('deep'), { code: 'ECONNRESET' }) })",
      ),
      "because deep, code ECONNRESET",
    ],
  ])("fetch rejects with %s: the page and the line say why", async (_what, thrown, reason) => {
    const printed = watchConsole();
    const app = await start(framework, { onEvent: undefined, fetch: async () => Promise.reject(thrown) });
    const { status, body } = await app.browser().navigate("/auth/login");
    expect([status, body.includes(reason)]).toEqual([503, true]);
    expect(printed()).toEqual([expect.stringContaining(reason)]);
  });

  test("an error in the body of a response is the provider's", async () => {
    const broken = () =>
      foreignResponse(
        new Response(new ReadableStream({ start: (controller) => controller.error(new ForeignError("cut off")) })),
      );
    const app = await start(framework, { fetch: async () => broken() });
    expect((await app.browser().navigate("/auth/login")).status).toBe(503);
  });

  test("onFailure returns a Response: its status, headers and text are sent", async () => {
    const own = () =>
      foreignResponse(
        new Response("<p>Ours: ä", { status: 418, headers: { "content-type": "text/html", "x-own": "1" } }),
      );
    for (const onFailure of [own, toForeign(async () => own())] as Array<() => Response>) {
      const app = await start(framework, { onFailure });
      const { status, body, headers } = await app.browser().navigate("/auth/callback");
      expect([status, body, headers["x-own"], headers["content-type"]]).toEqual([418, "<p>Ours: ä", "1", "text/html"]);
      expect(headers["cache-control"]).toBe("private, no-store");
    }
  });

  test("onEvent throws, and rejects: the sign-in goes on", async () => {
    const app = await start(framework, {
      onEvent: () => {
        throw new ForeignError("of the observer");
      },
    });
    expect((await app.browser().signIn()).status).toBe(302);
  });

  test("a store whose functions return foreign promises, lists and texts", async () => {
    const memory = createMemoryStore();
    const names = ["get", "set", "add", "replace", "extend", "delete", "addMember", "members", "removeMember"];
    const port = toForeign(
      Object.fromEntries(
        Object.entries({ ...memory }).flatMap(([name, value]) =>
          names.includes(name) && typeof value === "function" ? [[name, value.bind(memory)]] : [],
        ),
      ),
    );
    const store = createStore(port as never);
    const app = await startForeign(framework, { store, session: { storage: "store" } });
    const browser = app.browser();
    expect((await browser.signIn({ sub: "alice" })).status).toBe(302);
    expect((await store.sessionsOf("alice")).length).toBe(1);
    await store.signOutEverywhere("alice");
    expect(JSON.parse((await browser.fetch("/auth/me")).body)).toEqual({ user: null });
  });
});

describe.each(frameworks)("on %s", (_name, framework) => {
  /** What the app answers when `onSignIn` throws. */
  const answerTo = async (thrown: unknown, options: AuthOptions = {}) => {
    const app = await start(framework, {
      onSignIn: () => {
        throw thrown;
      },
      ...options,
    });
    const { status, body, setCookies } = await app.browser().signIn();
    return { status, body, sessions: setCookies.filter((line) => line.includes(".id.")) };
  };

  test("onSignIn throws an error: it reaches the app, as one of its own realm does, and no session begins", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const own = await answerTo(new Error("not you"));
    expect(own).toMatchObject({ status: 500, sessions: [] });
    expect(await answerTo(new ForeignError("not you"))).toEqual(own);
  });

  test("onFailure throws an error: it reaches the app, as one of its own realm does", async () => {
    const answerOf = async (thrown: unknown) => {
      const app = await start(framework, { onFailure: async () => Promise.reject(thrown) });
      const { status, body } = await app.browser().navigate("/auth/callback");
      return { status, body };
    };
    const own = await answerOf(new Error("of the hook"));
    expect(own.status).toBe(500);
    expect(await answerOf(new ForeignError("of the hook"))).toEqual(own);
  });
});

describe.each([
  ["the edge", createEdgeAuth],
  ["Next's App Router", createNextAuth],
] as const)("a handler on %s", (_name, createAuth) => {
  const BASE = "https://app.example";
  /** The adapter, and a browser whose Requests are foreign. */
  async function open() {
    const provider = await createTestProvider();
    const { issuer, clientId, clientSecret } = provider;
    const fetch = toForeign(provider.fetch);
    const auth = createAuth({
      ...{ issuer, clientId, clientSecret, fetch, secret: SECRET, baseUrl: BASE, apiOrigins: ["https://op.example"] },
    });
    const jar = createCookieJar();
    const send = async (handle: (request: Request) => Promise<Response>, path = "/", init: RequestInit = {}) => {
      const request = new ForeignRequest(BASE + path, {
        ...init,
        headers: { ...init.headers, cookie: jar.header(BASE) },
      });
      const response = await handle(request);
      jar.store(response, BASE);
      return response;
    };
    const routes = auth.wrap(() => new Response(null, { status: 404 }));
    const login = await send(routes, "/auth/login");
    await send(routes, (await provider.authorize(`${login.headers.get("location")}`)).url.slice(BASE.length));
    return { auth, send };
  }

  test("gets a foreign Request with the session of its user, and returns or throws a foreign Response: cookies go onto either", async () => {
    const { auth, send } = await open();
    const answer = () =>
      foreignResponse(
        new Response("hello", {
          status: 201,
          headers: [
            ["set-cookie", "own=1"],
            ["x-own", "1"],
          ],
        }),
      );
    for (const way of ["returns", "throws"]) {
      const handle = auth.requireSession(async (request, { session, update }) => {
        await update(toForeign({ at: [request.method, session.user.sub] }));
        if (way === "throws") throw answer();
        return answer();
      });
      const response = await send(handle, "/", { method: "POST", body: "a=b" }).catch((thrown) => thrown as Response);
      expect([response.status, response.headers.get("x-own"), await response.text()]).toEqual([201, "1", "hello"]);
      const names = response.headers.getSetCookie().map((line) => line.split("=", 1)[0]);
      expect(names).toEqual(["own", expect.stringMatching(/\.id\.0$/)]);
    }
    const seen = await send(auth.wrap((_request, { session }) => Response.json(session?.data)));
    expect(await seen.json()).toEqual({ at: ["POST", "alice"] });
  });

  test("throws a foreign error: it reaches the caller unchanged", async () => {
    const { auth, send } = await open();
    const error = new ForeignError("of the app");
    await expect(send(auth.wrap(() => Promise.reject(error)))).rejects.toBe(error);
  });

  test("reads a form of a foreign Request, and answers a foreign sign-out", async () => {
    const { auth, send } = await open();
    const posted = new ForeignSearchParams({ state: "x", code: "y" }).toString();
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const routes = auth.wrap(() => new Response(null, { status: 404 }));
    const form = await send(routes, "/auth/callback", { method: "POST", headers, body: posted });
    expect([form.status, form.headers.get("location")]).toEqual([303, `${BASE}/auth/callback?state=x&code=y`]);
    expect((await send(routes, "/auth/logout", { method: "POST" })).status).toBe(303);
  });

  test("calls an API with a foreign URL and foreign headers, bytes and lists: they are sent, and a foreign Response comes back", async () => {
    const { auth, send } = await open();
    const said = await send(
      auth.requireSession(async (_request, { fetch }) => {
        const url = new ForeignURL("https://op.example/userinfo");
        for (const headers of [
          new ForeignHeaders({ "x-one": "1" }),
          toForeign([["x-one", "1"]]),
          toForeign({ "x-one": "1" }),
        ])
          expect((await fetch(url, { headers: headers as Headers })).status).toBe(200);
        const body = new ForeignBytes([97, 61, 98]);
        return foreignResponse(await fetch(url, { method: "POST", body }));
      }),
    );
    expect([said.status, (await said.json()).sub]).toEqual([200, "alice"]);
  });
});

describe("an API", () => {
  const setUp = async () => {
    const provider = await createTestProvider();
    const audience = "https://api.example";
    const { issuer } = provider;
    const exp = Math.floor(Date.now() / 1000) + 60;
    const token = await provider.sign(
      toForeign({ iss: issuer, sub: "alice", aud: ["other", audience], exp, scope: "read" }),
    );
    const options = toForeign({
      issuer,
      audience: [audience, "https://old.example"],
      scope: "read",
      fetch: provider.fetch,
    });
    return { options, token };
  };

  test.each([
    ["the edge", verifyOnEdge],
    ["Next's route handlers", verifyOnNext],
  ] as const)("on %s takes a foreign Request, foreign options and a foreign key set", async (_name, verify) => {
    const { options, token } = await setUp();
    const handle = verify(options).wrap((_request: Request, { claims }: { claims: { sub?: unknown } }) =>
      foreignResponse(new Response(`${claims.sub}`)),
    );
    const ask = (authorization: string) =>
      handle(new ForeignRequest("https://api.example/", { headers: { authorization } }));
    expect(await (await ask(`Bearer ${token}`)).text()).toBe("alice");
    expect((await ask(`Bearer ${token}x`)).status).toBe(401);
  });

  test("on Node takes foreign options, and passes a foreign error of `next` on", async () => {
    const { options, token } = await setUp();
    const req = { headers: { authorization: `Bearer ${token}` } };
    await new Promise<void>((resolve, reject) =>
      verifyOnNode(options)(req as never, {} as never, (error) => (error ? reject(error) : resolve())),
    );
    expect(req).toMatchObject({ accessToken: { claims: { sub: "alice" } } });
  });
});

describe("sessions alone and the seal", () => {
  test("take foreign options, data, schemas and sealed values; a Date and a Map are what JSON makes of them", async () => {
    const data = foreign<object>(
      "({ list: [1, { a: null }], at: new Date(0), map: new Map([[1, 2]]), bytes: new Uint8Array([1]) })",
    );
    const own = { list: [1, { a: null }], at: new Date(0), map: new Map([[1, 2]]), bytes: new Uint8Array([1]) };
    const loadedAfter = async (value: object) => {
      const sessions = createSessions(toForeign({ secret: [SECRET], cookie: { name: "foreign" } }));
      const scope = await sessions.load(null);
      scope.begin(value as never);
      const header = (await scope.commit()).map((line) => line.split(";", 1)[0]).join("; ");
      return (await sessions.load(header)).session?.data;
    };
    const loaded = await loadedAfter(data);
    expect(JSON.parse(JSON.stringify(loaded))).toEqual(JSON.parse(JSON.stringify(own)));
    expect(loaded).toEqual(await loadedAfter(own));
    const sealer = createSealer(toForeign({ secret: [SECRET], purpose: "realms" }));
    expect(await sealer.open(await sealer.seal(data, 0), 0)).toMatchObject({
      payload: JSON.parse(JSON.stringify(own)),
    });
  });

  test("a schema with foreign results accepts and refuses", async () => {
    const schema = {
      "~standard": {
        version: 1 as const,
        vendor: "test",
        validate: toForeign((value: { ok?: boolean }) => (value.ok ? { value } : { issues: ["not ok"] })),
      },
    };
    const sessions = createSessions<{ ok?: boolean }>({ secret: SECRET, schema: schema as never });
    const loadedAfter = async (value: { ok?: boolean }) => {
      const scope = await sessions.load(null);
      scope.begin(value);
      const header = (await scope.commit()).map((line) => line.split(";", 1)[0]).join("; ");
      return sessions.load(header);
    };
    expect((await loadedAfter({ ok: true })).session?.data).toEqual({ ok: true });
    expect(await loadedAfter({})).toMatchObject({ session: null, reason: "invalid_content" });
  });

  test("a cycle in foreign data is refused as one of the own realm is", async () => {
    const scope = await createSessions({ secret: SECRET }).load(null);
    scope.begin(foreign("(() => { const a = {}; a.a = a; return a; })()"));
    await expect(scope.commit()).rejects.toMatchObject({ code: "not_json" });
  });
});

test("a minted session takes foreign options and a foreign user", async () => {
  const provider = await createTestProvider();
  const { issuer, clientId, clientSecret, fetch } = provider;
  const options = { issuer, clientId, clientSecret, secret: SECRET, baseUrl: "https://app.example" };
  const cookie = await mintSession(toForeign({ ...options, user: { sub: "alice", roles: ["a"] } }));
  const auth = createEdgeAuth({ ...options, fetch });
  const request = new ForeignRequest("https://app.example/", { headers: { cookie } });
  expect((await auth.getSession(request))?.user).toEqual({ sub: "alice", roles: ["a"] });
});

test("a foreign JWK signs the assertion of the client", async () => {
  const form = new URLSearchParams();
  const method = privateKeyJwt(toForeign(JSON.parse(clientKey())));
  method.check?.();
  const random = (bytes: number) => new ForeignBytes(bytes).fill(1);
  await method.addTo(
    form,
    { issuer: "https://op.example", clientId: "client" } as never,
    { now: Date.now, random } as never,
  );
  expect(decodeJwt(`${form.get("client_assertion")}`)).toMatchObject({ iss: "client", aud: "https://op.example" });
});

test("Next's proxy takes a foreign Response of the app's own proxy, and puts the cookies of latchkey onto it", async () => {
  const provider = await createTestProvider();
  const { issuer, clientId, clientSecret, fetch } = provider;
  const options = { issuer, clientId, clientSecret, secret: SECRET, baseUrl: "https://app.example" };
  const auth = createNextAuth(toForeign({ ...options, fetch, session: { rollAfter: 0 } }));
  const proxy = auth.withProxy(() => foreignResponse(new Response("ours", { status: 403, headers: { "x-own": "1" } })));
  const cookie = await mintSession({ ...options, user: { sub: "alice" }, now: () => Date.now() - 5000 } as never);
  const response = await proxy(
    new NextRequest("https://app.example/", { headers: { cookie, "sec-fetch-dest": "document" } }),
  );
  expect([response.status, response.headers.get("x-own"), await response.text()]).toEqual([403, "1", "ours"]);
  expect(response.headers.getSetCookie()).toEqual([expect.stringContaining(".seen=")]);
});
