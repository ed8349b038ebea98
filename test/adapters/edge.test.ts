import { beforeEach, describe, expect, test } from "vitest";
import { type Auth, createAuth } from "../../adapters/edge.js";
import {
  type CookieJar,
  createClock,
  createCookieJar,
  createTestProvider,
  type FixedClock,
  type TestProvider,
} from "../../adapters/testing/index.js";

const PAGE = "https://app.example/page";
let clock: FixedClock;
let provider: TestProvider;
let auth: Auth<Record<string, unknown>>;
let jar: CookieJar;

beforeEach(async () => {
  clock = createClock();
  provider = await createTestProvider({ clock });
  const options = {
    issuer: provider.issuer,
    clientId: provider.clientId,
    clientSecret: provider.clientSecret,
    secret: "only for tests: at least thirty-two characters",
    baseUrl: "https://app.example",
    apiOrigins: ["https://op.example"],
    fetch: provider.fetch,
    now: clock.now,
  };
  auth = createAuth(options);
  jar = createCookieJar({ clock });
});

/** A request of the browser; what comes back is kept in its jar. */
async function ask(handle: (request: Request) => Promise<Response>, url = PAGE, headers: Record<string, string> = {}) {
  const response = await handle(new Request(url, { headers: { ...headers, cookie: jar.header(url) } }));
  jar.store(response, url);
  return response;
}

async function signIn(): Promise<void> {
  const login = await ask(auth.handler, "https://app.example/auth/login");
  const { url } = await provider.authorize(String(login.headers.get("location")));
  await ask(auth.handler, url);
}

const text = (response: Response) => response.text();

describe("deeper down, the request that is being served is enough", () => {
  beforeEach(signIn);

  test("what is written there is on the response, and seen by all who ask", async () => {
    const handle = auth.wrap(async (request, { session }) => {
      await auth.update(request, { color: "blue" });
      await auth.update(request, (data) => ({ ...data, size: "m" }));
      return Response.json([session?.data, (await auth.getSession(request))?.data]);
    });
    const response = await ask(handle);
    expect(response.headers.getSetCookie().length).toBeGreaterThan(0);
    // What the handler was given is the session as it was; asked again, it is as it will be.
    expect(await response.json()).toEqual([{}, { color: "blue", size: "m" }]);
    expect(await text(await ask(auth.wrap((_request, { session }) => Response.json(session?.data))))).toBe(
      '{"color":"blue","size":"m"}',
    );
  });

  test("a token is refreshed there, and its cookies are on the response", async () => {
    const token = auth.wrap(async (request) => new Response(await auth.getAccessToken(request, { refresh: true })));
    const first = await text(await ask(token));
    expect(await text(await ask(auth.wrap(async (request) => new Response(await auth.getAccessToken(request)))))).toBe(
      first,
    );
  });

  test("an API is called with the session's token", async () => {
    const handle = auth.wrap((request) => auth.fetch(request, "https://op.example/userinfo"));
    expect(await (await ask(handle)).json()).toMatchObject({ sub: "alice" });
  });

  test("wrapped handlers inside each other serve one request once", async () => {
    clock.advance(9000);
    const inner = auth.requireSession(async (request) => {
      await auth.update(request, { color: "blue" });
      return new Response("inner");
    });
    const outer = auth.wrap(async (request) => {
      const response = await inner(request);
      await auth.update(request, { size: "m" });
      return response;
    });
    const response = await ask(outer);
    expect(await text(response)).toBe("inner");
    const names = response.headers.getSetCookie().map((line) => line.split("=")[0]);
    expect(names.some((name) => name?.includes(".id."))).toBe(true);
    expect(new Set(names).size).toBe(names.length);
    expect(await text(await ask(auth.wrap((_request, { session }) => Response.json(session?.data))))).toBe(
      '{"color":"blue","size":"m"}',
    );
  });
});

describe("where a request is not being served", () => {
  beforeEach(signIn);
  const outside = () => new Request(PAGE, { headers: { cookie: jar.header(PAGE) } });

  test("its session can be read, and a token that is not due be used", async () => {
    expect((await auth.getSession(outside()))?.user.sub).toBe("alice");
    expect(await auth.getAccessToken(outside())).toMatch(/./);
    expect(await auth.getSession(new Request(PAGE))).toBeNull();
  });

  test("nothing is refreshed or written: the response could not carry it", async () => {
    const before = provider.requests.length;
    await expect(auth.getAccessToken(outside(), { refresh: true })).rejects.toMatchObject({ code: "refresh_required" });
    await expect(auth.update(outside(), {})).rejects.toMatchObject({ code: "headers_sent" });
    expect(provider.requests.length).toBe(before);
  });

  test("neither is it once the handler has returned its response", async () => {
    let late: Promise<unknown> = Promise.resolve();
    await ask(
      auth.wrap((_request, { update }) => {
        late = new Promise((resolve) => setTimeout(resolve, 5)).then(() => update({ color: "blue" }));
        return new Response("early");
      }),
    );
    await expect(late).rejects.toMatchObject({ code: "headers_sent" });
  });
});

test("what a runtime passes besides the request comes last", async () => {
  const handle = auth.wrap((_request, { session }, env: { KEY: string }, more: number) =>
    Response.json([session, env.KEY, more]),
  );
  expect(await (await handle(new Request(PAGE), { KEY: "value" }, 7)).json()).toEqual([null, "value", 7]);
});

test("requireSession by itself refuses whoever is not signed in, and answers our routes", async () => {
  const handle = auth.requireSession(() => new Response("inside"));
  expect((await ask(handle)).status).toBe(401);
  const page = await ask(handle, PAGE, { accept: "text/html" });
  expect([page.status, page.headers.get("location")]).toEqual([302, "https://app.example/auth/login?returnTo=%2Fpage"]);
  expect((await ask(handle, "https://app.example/auth/me")).status).toBe(200);
  await signIn();
  expect(await text(await ask(handle))).toBe("inside");
});

test("handler answers the routes, and nothing else", async () => {
  expect((await ask(auth.handler, "https://app.example/auth/me")).status).toBe(200);
  expect((await ask(auth.handler)).status).toBe(404);
});

test("the variables come from `env`, and what is missing is named at once", () => {
  const env = {
    LATCHKEY_ISSUER: "https://op.example",
    LATCHKEY_CLIENT_ID: "client",
    LATCHKEY_CLIENT_SECRET: "client-secret",
    LATCHKEY_SECRET: "only for tests: at least thirty-two characters",
    LATCHKEY_BASE_URL: "https://app.example",
  };
  expect(createAuth({ env })).toHaveProperty("wrap");
  for (const name of Object.keys(env)) {
    const { [name as keyof typeof env]: _left, ...others } = env;
    expect(() => createAuth({ env: others })).toThrow(name);
  }
});

test("an error of the handler's is the runtime's to answer", async () => {
  const failing = auth.wrap(() => {
    throw new RangeError("the app's own");
  });
  await expect(ask(failing)).rejects.toThrow("the app's own");
});

test("a posted callback whose body fails in the middle, or was read before, is an empty one", async () => {
  const failing = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode("state=x"));
      controller.error(new TypeError("the client has gone"));
    },
  });
  const init = { method: "POST", body: failing, duplex: "half" } as RequestInit;
  const read = new Request("https://app.example/auth/callback", { method: "POST", body: "state=x" });
  await read.text();
  for (const request of [new Request("https://app.example/auth/callback", init), read]) {
    const { status, headers } = await auth.handler(request);
    expect([status, headers.get("location")]).toEqual([303, "https://app.example/auth/callback?"]);
  }
});

test("a change of protocol is passed on as it is", async () => {
  await signIn();
  clock.advance(9000);
  // The runtimes that make one have status 101, which no Response of Node can have.
  const upgrade = { status: 101 } as Response;
  const request = new Request(PAGE, { headers: { cookie: jar.header(PAGE) } });
  expect(await auth.wrap(() => upgrade)(request)).toBe(upgrade);
});
