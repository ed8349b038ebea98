import { createServer, type IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Auth, createAuth, verifyAccessToken } from "../../adapters/edge.js";
import { auth as onNode } from "../../adapters/express.js";
import { createMemoryStore, inStore } from "../../adapters/index.js";
import {
  type CookieJar,
  createClock,
  createCookieJar,
  createTestProvider,
  type FixedClock,
  type TestProvider,
} from "../../adapters/testing/index.js";
import { plainRequest, startApp, type TestApp, type TestBrowser } from "../support/app.js";
import { edgeApp } from "../support/edge-app.js";
import { expressApps } from "../support/express-app.js";
import { API } from "../support/routes.js";
import { runtimes } from "../support/runtimes.js";

const PAGE = "https://app.example/page";
const SECRET = "only for tests: at least thirty-two characters";
let clock: FixedClock;
let provider: TestProvider;
let auth: Auth<Record<string, unknown>>;
let jar: CookieJar;

const optionsOf = () => ({
  issuer: provider.issuer,
  clientId: provider.clientId,
  clientSecret: provider.clientSecret,
  secret: SECRET,
  baseUrl: "https://app.example",
  fetch: provider.fetch,
  now: clock.now,
});

const request = (url = PAGE) => new Request(url, { headers: { cookie: jar.header(url) } });
/** What the browser makes of a response. */
const keep = (response: Response) => jar.store(response, PAGE);
const cookiesOf = (response: Response) => response.headers.getSetCookie().map((line) => line.split("=", 1)[0]);
const spent = () => provider.requests.filter(({ endpoint }) => endpoint === "token").length;

async function signIn(): Promise<void> {
  const login = await auth.handler(request("https://app.example/auth/login"));
  keep(login);
  const { url } = await provider.authorize(String(login.headers.get("location")));
  keep(await auth.handler(request(url)));
}

beforeEach(async () => {
  clock = createClock();
  provider = await createTestProvider({ clock });
  auth = createAuth(optionsOf());
  jar = createCookieJar({ clock });
});

/** A Response that no response can be made of. */
async function used(): Promise<Response> {
  const response = new Response("used");
  await response.text();
  return response;
}

const refreshed = async (handle = auth.wrap) =>
  handle(async (_request, { getAccessToken }) => new Response(await getAccessToken({ refresh: true })))(request());

describe("a handler of wrap that throws after a refresh", () => {
  beforeEach(signIn);
  const failing = () =>
    auth.wrap(async (_request, { getAccessToken }) => {
      await getAccessToken({ refresh: true });
      throw new RangeError("the app's own");
    });

  test("costs no session: its new token is given to the next request, and carried by its response", async () => {
    await expect(failing()(request())).rejects.toThrow("the app's own");
    clock.advance(3000);
    const next = await refreshed();
    keep(next);
    expect(spent()).toBe(2);
    clock.advance(60);
    const last = await refreshed();
    expect([await next.text(), await last.text()]).toEqual([expect.stringMatching(/./), expect.stringMatching(/./)]);
    expect(spent()).toBe(3);
  });

  test.each([
    ["returns a Response whose body was used", async () => used()],
    [
      "throws one",
      async () => {
        throw await used();
      },
    ],
    ["returns text", async () => "text" as unknown as Response],
    ["returns nothing", async () => undefined as unknown as Response],
    ["returns an error Response", async () => Response.error()],
  ])("or that %s, costs no session either", async (_what, respond) => {
    const handle = auth.wrap(async (_request, { getAccessToken }) => {
      await getAccessToken({ refresh: true });
      return respond();
    });
    await handle(request()).then(keep, () => {});
    clock.advance(60);
    const next = await refreshed();
    keep(next);
    clock.advance(60);
    expect([next.status, (await refreshed()).status]).toEqual([200, 200]);
  });

  test("has its cookies put on the error page that a framework renders for the same Request", async () => {
    const same = request();
    await expect(failing()(same)).rejects.toThrow("the app's own");
    const page = await auth.wrap((_request, { session }) => Response.json(session?.user.sub, { status: 500 }))(same);
    expect([page.status, await page.json()]).toEqual([500, "alice"]);
    expect(cookiesOf(page)).toEqual(expect.arrayContaining([expect.stringMatching(/\.tok\.0$/)]));
    keep(page);
    clock.advance(4000);
    expect((await refreshed()).status).toBe(200);
  });

  test("has its cookies put on the response that an error handler outside gives to finish, once", async () => {
    const same = request();
    await expect(failing()(same)).rejects.toThrow("the app's own");
    const page = auth.finish(same, new Response("sorry", { status: 500 }));
    expect([page.status, await page.text(), page.headers.get("cache-control")]).toEqual([
      500,
      "sorry",
      "private, no-store",
    ]);
    expect(cookiesOf(page).length).toBeGreaterThan(0);
    const again = new Response("again");
    expect(auth.finish(same, again)).toBe(again);
    expect(auth.finish(request(), again)).toBe(again);
  });

  test("keeps its cookies where finish is given a Response that cannot be copied", async () => {
    const same = request();
    await expect(failing()(same)).rejects.toThrow("the app's own");
    const wrong = await used();
    expect(() => auth.finish(same, wrong)).toThrow(TypeError);
    expect(cookiesOf(auth.finish(same, new Response("sorry")))).not.toEqual([]);
  });

  test("can throw a Response, which carries its cookies", async () => {
    const handle = auth.wrap(async (_request, { getAccessToken }) => {
      await getAccessToken({ refresh: true });
      throw new Response(null, { status: 302, headers: { location: "/elsewhere" } });
    });
    const thrown: Response = await handle(request()).catch((response) => response);
    expect([thrown.status, thrown.headers.get("location")]).toEqual([302, "/elsewhere"]);
    expect(cookiesOf(thrown)).toEqual(expect.arrayContaining([expect.stringMatching(/\.tok\.0$/)]));
  });

  test("leaves nothing that could be written to between two attempts", async () => {
    const same = request();
    await expect(failing()(same)).rejects.toThrow("the app's own");
    await expect(auth.update(same, {})).rejects.toMatchObject({ code: "headers_sent" });
    const before = spent();
    await expect(auth.getAccessToken(same, { refresh: true })).rejects.toMatchObject({ code: "refresh_required" });
    expect(spent()).toBe(before);
  });

  test("inside another wrap that answers for it is no end: the outer response carries everything", async () => {
    const inner = failing();
    const outer = auth.wrap(async (same) => {
      await inner(same).catch(() => {});
      await auth.update(same, { color: "blue" });
      return new Response("outer");
    });
    const response = await outer(request());
    expect(cookiesOf(response)).toEqual(
      expect.arrayContaining([expect.stringMatching(/\.tok\.0$/), expect.stringMatching(/\.id\.0$/)]),
    );
  });
});

test("a client that goes away before its response is made costs no session, where the runtime says so", async () => {
  await signIn();
  const leaving = new AbortController();
  const gone = new Request(PAGE, { headers: { cookie: jar.header(PAGE) }, signal: leaving.signal });
  const handle = auth.wrap(async (_request, { getAccessToken }) => {
    leaving.abort();
    return new Response(await getAccessToken({ refresh: true }));
  });
  // Its cookies reach no browser.
  await handle(gone);
  clock.advance(600);
  expect((await refreshed()).status).toBe(200);
});

describe("what a runtime passes beside the request keeps its work alive", () => {
  /** Works as on Workers: it must be called as a method. */
  class Context {
    readonly work: Promise<unknown>[] = [];
    waitUntil(work: Promise<unknown>): void {
      this.work.push(work);
    }
  }

  test.each(["passed", "given as an option"])("%s: sign-in, refresh and the keys of an API", async (how) => {
    const context = new Context();
    const options = how === "passed" ? {} : { waitUntil: (work: Promise<unknown>) => context.waitUntil(work) };
    const passed = how === "passed" ? [{ KEY: "value" }, context] : [];
    auth = createAuth({ ...optionsOf(), ...options });
    await auth.handler(request("https://app.example/auth/login"), ...passed);
    expect(context.work).toHaveLength(1);
    await signIn();
    context.work.length = 0;
    const handle = auth.wrap(async (_request, { getAccessToken }, ..._rest: unknown[]) => {
      await getAccessToken({ refresh: true });
      return new Response();
    });
    await handle(request(), ...passed);
    expect(context.work).toHaveLength(1);
    const api = verifyAccessToken({ issuer: provider.issuer, audience: API, fetch: provider.fetch, ...options });
    const shows = api.wrap((_request, _access, ..._rest: unknown[]) => new Response());
    await shows(new Request(API, { headers: { authorization: "Bearer a.b.c" } }), ...passed);
    expect(context.work).toHaveLength(2);
    expect(await Promise.allSettled(context.work)).toEqual(
      Array(2).fill(expect.objectContaining({ status: "fulfilled" })),
    );
  });

  test.each([
    [
      "throws",
      () => {
        throw new TypeError("too late");
      },
    ],
    ["rejects", () => Promise.reject(new TypeError("too late"))],
  ])("and one that %s decides nothing", async (_what, waitUntil) => {
    for (const options of [{ waitUntil: waitUntil as () => void }, {}]) {
      auth = createAuth({ ...optionsOf(), ...options });
      jar = createCookieJar({ clock });
      const passed = [{}, { waitUntil }];
      const login = await auth.handler(request("https://app.example/auth/login"), ...passed);
      expect(login.status).toBe(302);
      await signIn();
      const handle = auth.wrap(
        async (_request, { getAccessToken }, ..._rest: unknown[]) =>
          new Response(await getAccessToken({ refresh: true })),
      );
      const response = await handle(request(), ...passed);
      expect([response.status, response.headers.getSetCookie().length > 0]).toEqual([200, true]);
    }
  });

  test("and nothing is made of other things that it passes", async () => {
    const throwing = {
      get waitUntil() {
        throw new Error("none here");
      },
    };
    const passed = [undefined, null, 7, "text", {}, { waitUntil: "no function" }, Object.create(null), throwing];
    expect((await auth.handler(request("https://app.example/auth/login"), ...passed)).status).toBe(302);
  });

  test("work that fails is reported where it is awaited, and not as a rejection of its own", async () => {
    const context = new Context();
    await signIn();
    provider.misbehave("invalid_grant", { endpoint: "token" });
    const handle = auth.wrap(async (_request, { getAccessToken }, _context: Context) =>
      getAccessToken({ refresh: true }).then(
        () => new Response(),
        (error) => new Response(error.code),
      ),
    );
    expect(await (await handle(request(), context)).text()).toBe("grant_ended");
    expect(await Promise.all(context.work)).toEqual([undefined]);
  });
});

test("tokens for two audiences, refreshed at once, of which the first refresh is answered last", async () => {
  await signIn();
  const handle = (audience: string, wait: number) =>
    auth.wrap(async (_request, { getAccessToken }) => {
      const token = await getAccessToken({ audience });
      await new Promise((resolve) => setTimeout(resolve, wait));
      return new Response(token);
    })(request());
  const [first, second] = [handle("a", 200), handle("b", 0)];
  keep(await second);
  keep(await first);
  for (const seconds of [60, 600]) {
    clock.advance(seconds);
    const next = await refreshed();
    expect([seconds, next.status]).toEqual([seconds, 200]);
    keep(next);
  }
});

test("a test that replaces the timers of its process does not stop requests that wait for each other", async () => {
  vi.useFakeTimers();
  try {
    const logins = [1, 2].map(() => auth.handler(request("https://app.example/auth/login")));
    expect((await Promise.all(logins)).map(({ status }) => status)).toEqual([302, 302]);
  } finally {
    vi.useRealTimers();
  }
});

describe("an update beside a sign-out, with sessions in a store", () => {
  const apps: TestApp[] = [];
  afterEach(async () => {
    for (const app of apps.splice(0)) await app.close();
  });

  test.each([
    ["Express 5", expressApps["Express 5"]],
    ["Express 4", expressApps["Express 4"]],
    ["edge", edgeApp],
  ] as const)("%s: whichever comes last, it is no error and nobody is signed in", async (_name, framework) => {
    const clockOfStore = createClock();
    const store = createMemoryStore(clockOfStore);
    let release = () => {};
    let held: Promise<void> | undefined;
    /** Holds the first update back until the sign-out is through. */
    const slow = {
      ...store,
      async update(...given: Parameters<typeof store.update>) {
        await held;
        return store.update(...given);
      },
    };
    const app = await startApp({ framework, options: { session: { storage: inStore(slow) }, now: clockOfStore.now } });
    apps.push(app);
    const browser: TestBrowser = app.browser();
    await browser.signIn();
    for (const path of ["/update?color=blue", "/update?color=red&as=function"]) {
      held = new Promise((resolve) => {
        release = resolve;
      });
      const update = browser.fetch(path);
      await new Promise((resolve) => setTimeout(resolve, 50));
      const headers = { "sec-fetch-site": "same-origin", cookie: browser.jar.header(`${app.url}/`) };
      const out = await plainRequest(app.url, "/auth/logout", { method: "POST", headers });
      expect(out.status).toBe(303);
      held = undefined;
      release();
      expect([path, (await update).status]).toEqual([path, 200]);
      expect((await browser.fetch("/private")).status).toBe(401);
      await browser.signIn();
    }
  });
});

describe("a WebSocket", () => {
  test.each(["workerd", "Deno"] as const)("%s: a handler that asks for a token spends none", async (name) => {
    const app = await startApp({ framework: runtimes[name] });
    try {
      const browser = app.browser();
      await browser.signIn();
      const before = app.provider.requests.length;
      const headers = {
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      };
      expect((await browser.fetch("/socket", { headers })).headers["x-test-status"]).toBe("101");
      expect(app.provider.requests.length).toBe(before);
      app.clock.advance(60);
      expect(JSON.parse((await browser.fetch("/token?force")).body)).toEqual({ token: expect.stringMatching(/./) });
    } finally {
      await app.close();
    }
  });

  test("on Node, with a response made for the upgrade as frameworks do: the session is read, no token is spent", async () => {
    await signIn();
    const middleware = onNode(optionsOf());
    const cookie = jar.header(PAGE);
    const answers: unknown[] = [];
    const server = createServer().on("upgrade", (req: IncomingMessage, socket) => {
      const res = new ServerResponse(req);
      res.assignSocket(socket as never);
      middleware(req, res, async () => {
        const { auth: here } = req as IncomingMessage & { auth: import("../../adapters/express.js").RequestAuth };
        answers.push(here.session?.user.sub, await here.getAccessToken({ refresh: true }).catch(({ code }) => code));
        socket.destroy();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const before = spent();
    const { port } = server.address() as AddressInfo;
    const headers = { host: "app.example", cookie, connection: "Upgrade", upgrade: "WebSocket" };
    await plainRequest(`http://127.0.0.1:${port}`, "/page", { headers }).catch(() => {});
    server.close();
    expect([answers, spent()]).toEqual([["alice", "refresh_required"], before]);
    expect((await refreshed()).status).toBe(200);
  });
});
