import { beforeEach, describe, expect, test } from "vitest";
import { createAuth } from "../../adapters/edge.js";
import { createEdgeAuth, type EdgeAuth, PAGE } from "../support/edge-auth.js";

let edge: EdgeAuth;
let auth: EdgeAuth["auth"];
let send: EdgeAuth["send"];
beforeEach(async () => {
  edge = await createEdgeAuth({ apiOrigins: ["https://op.example"] });
  ({ auth, send } = edge);
});

/** Responds with the data of the session. */
const showData = async () => (await send(auth.wrap((_request, { session }) => Response.json(session?.data)))).json();

describe("inside a wrapped handler, functions deeper down need only the request", () => {
  beforeEach(() => edge.signIn());

  test("updates are merged, read back from the same request, and set on its response", async () => {
    const handle = auth.wrap(async (request, { session }) => {
      await auth.update(request, { color: "blue" });
      await auth.update(request, (data) => ({ ...data, size: "m" }));
      return Response.json([session?.data, (await auth.getSession(request))?.data]);
    });
    const response = await send(handle);
    expect(response.headers.getSetCookie().length).toBeGreaterThan(0);
    // The handler's argument is the session before the updates; `getSession` returns it with them.
    expect(await response.json()).toEqual([{}, { color: "blue", size: "m" }]);
    expect(await showData()).toEqual({ color: "blue", size: "m" });
  });

  test("a refreshed access token is in the session of the next request", async () => {
    const refresh = auth.wrap(async (request) => new Response(await auth.getAccessToken(request, { refresh: true })));
    const read = auth.wrap(async (request) => new Response(await auth.getAccessToken(request)));
    const before = await (await send(read)).text();
    const refreshed = await (await send(refresh)).text();
    expect(refreshed).not.toBe(before);
    expect(await (await send(read)).text()).toBe(refreshed);
  });

  test("an API is called with the session's access token", async () => {
    const handle = auth.wrap((request) => auth.fetch(request, "https://op.example/userinfo"));
    expect(await (await send(handle)).json()).toMatchObject({ sub: "alice" });
  });

  test("a sign-out and a sign-in are the response of the handler", async () => {
    const out = await send(auth.wrap((request) => auth.logout(request, { local: true, returnTo: "/bye" })));
    expect(new URL(out.headers.get("location") ?? "").pathname).toBe("/bye");
    expect(await (await send(auth.wrap((_request, { session }) => Response.json(session)))).json()).toBe(null);
    const into = await send(auth.wrap((request) => auth.login(request, { prompt: "login" })));
    expect(new URL(into.headers.get("location") ?? "").searchParams.get("prompt")).toBe("login");
  });

  test("nested wrapped handlers share one session, and the response sets each cookie once", async () => {
    edge.clock.advance(9000);
    const inner = auth.requireSession(async (request) => {
      await auth.update(request, { color: "blue" });
      return new Response("inner");
    });
    const outer = auth.wrap(async (request) => {
      const response = await inner(request);
      await auth.update(request, { size: "m" });
      return response;
    });
    const response = await send(outer);
    expect(await response.text()).toBe("inner");
    const names = response.headers.getSetCookie().map((line) => line.split("=")[0]);
    expect(names.some((name) => name?.includes(".id."))).toBe(true);
    expect(new Set(names).size).toBe(names.length);
    expect(await showData()).toEqual({ color: "blue", size: "m" });
  });
});

describe("outside a wrapped handler", () => {
  beforeEach(() => edge.signIn());

  test("the session can be read, and an access token that is not due can be used", async () => {
    expect((await auth.getSession(edge.request()))?.user.sub).toBe("alice");
    expect(await auth.getAccessToken(edge.request())).toMatch(/./);
    expect(await auth.getSession(new Request(PAGE))).toBeNull();
  });

  test("refreshes and updates are refused, because no response could set their cookies", async () => {
    const before = edge.provider.requests.length;
    const refresh = auth.getAccessToken(edge.request(), { refresh: true });
    await expect(refresh).rejects.toMatchObject({ code: "refresh_required" });
    await expect(auth.update(edge.request(), {})).rejects.toMatchObject({ code: "headers_sent" });
    expect(edge.provider.requests.length).toBe(before);
  });

  test("an update after the handler has returned its response is refused", async () => {
    let lateUpdate: Promise<unknown> = Promise.resolve();
    await send(
      auth.wrap((_request, { update }) => {
        lateUpdate = new Promise((resolve) => setTimeout(resolve, 5)).then(() => update({ color: "blue" }));
        return new Response("early");
      }),
    );
    await expect(lateUpdate).rejects.toMatchObject({ code: "headers_sent" });
  });
});

test("a handler receives the runtime's other arguments after the request and the session", async () => {
  const handle = auth.wrap((_request, { session }, env: { KEY: string }, count: number) =>
    Response.json([session, env.KEY, count]),
  );
  expect(await (await handle(new Request(PAGE), { KEY: "value" }, 7)).json()).toEqual([null, "value", 7]);
});

test("requireSession without wrap refuses requests without a session, and serves latchkey's routes", async () => {
  const handle = auth.requireSession(() => new Response("inside"));
  expect((await send(handle)).status).toBe(401);
  const page = await send(handle, PAGE, { accept: "text/html" });
  expect([page.status, page.headers.get("location")]).toEqual([302, "https://app.example/auth/login?returnTo=%2Fpage"]);
  expect((await send(handle, "https://app.example/auth/me")).status).toBe(200);
  await edge.signIn();
  expect(await (await send(handle)).text()).toBe("inside");
});

test("`handler` serves latchkey's routes, and responds with 404 to every other path", async () => {
  expect((await send(auth.handler, "https://app.example/auth/me")).status).toBe(200);
  expect((await send(auth.handler)).status).toBe(404);
});

test("options come from the variables in `env`, and the error names one that is missing", () => {
  const env = {
    LATCHKEY_ISSUER: "https://op.example",
    LATCHKEY_CLIENT_ID: "client",
    LATCHKEY_CLIENT_SECRET: "client-secret",
    LATCHKEY_SECRET: "only for tests: at least thirty-two characters",
    LATCHKEY_BASE_URL: "https://app.example",
  };
  expect(createAuth({ env })).toHaveProperty("wrap");
  for (const name of Object.keys(env)) {
    const { [name as keyof typeof env]: _missing, ...others } = env;
    expect(() => createAuth({ env: others })).toThrow(name);
  }
});

test("an error of the handler is passed on to the runtime", async () => {
  const failing = auth.wrap(() => {
    throw new RangeError("the app's own");
  });
  await expect(send(failing)).rejects.toThrow("the app's own");
});

test("a posted callback whose body breaks off, or was read before, is treated as empty", async () => {
  const brokenBody = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode("state=x"));
      controller.error(new TypeError("the connection was reset"));
    },
  });
  const init = { method: "POST", body: brokenBody, duplex: "half" } as RequestInit;
  const alreadyRead = new Request("https://app.example/auth/callback", { method: "POST", body: "state=x" });
  await alreadyRead.text();
  for (const request of [new Request("https://app.example/auth/callback", init), alreadyRead]) {
    const { status, headers } = await auth.handler(request);
    expect([status, headers.get("location")]).toEqual([303, "https://app.example/auth/callback?"]);
  }
});

test("the response of a protocol upgrade is passed on unchanged", async () => {
  await edge.signIn();
  edge.clock.advance(9000);
  // Runtimes with upgrades use status 101, which the Response of Node cannot have.
  const upgrade = { status: 101 } as Response;
  expect(await auth.wrap(() => upgrade)(edge.request())).toBe(upgrade);
});
