import { beforeEach, describe, expect, test, vi } from "vitest";
import { createEdgeAuth, type EdgeAuth, PAGE } from "../support/edge-auth.js";

// A refresh spends the refresh token at the provider. If its response never reaches the browser, the browser still has the
// spent token: latchkey must then give the new tokens to the browser's next request, or the session would be lost.

let edge: EdgeAuth;
let auth: EdgeAuth["auth"];
beforeEach(async () => {
  edge = await createEdgeAuth();
  ({ auth } = edge);
  await edge.signIn();
});

const cookieNames = (response: Response) => response.headers.getSetCookie().map((line) => line.split("=", 1)[0]);
const tokenCookie = expect.stringMatching(/\.tok\.0$/);

/** A Response whose body was read: no other response can be made from it. */
async function readResponse(): Promise<Response> {
  const response = new Response("read");
  await response.text();
  return response;
}

/** The response to a request of the browser that refreshes the access token. */
const refresh = () =>
  auth.wrap(async (_request, { getAccessToken }) => new Response(await getAccessToken({ refresh: true })))(
    edge.request(),
  );

describe("a handler of wrap that throws after a refresh", () => {
  const failingHandler = () =>
    auth.wrap(async (_request, { getAccessToken }) => {
      await getAccessToken({ refresh: true });
      throw new RangeError("the app's own");
    });

  test("does not lose the session: the next request gets the new tokens, and its response sets them", async () => {
    await expect(failingHandler()(edge.request())).rejects.toThrow("the app's own");
    edge.clock.advance(3000);
    const next = await refresh();
    edge.store(next);
    expect(edge.tokenRequests()).toBe(2);
    edge.clock.advance(60);
    const last = await refresh();
    expect([await next.text(), await last.text()]).toEqual([expect.stringMatching(/./), expect.stringMatching(/./)]);
    expect(edge.tokenRequests()).toBe(3);
  });

  test.each([
    ["returns a Response whose body was read", async () => readResponse()],
    [
      "throws a Response whose body was read",
      async () => {
        throw await readResponse();
      },
    ],
    ["returns text", async () => "text" as unknown as Response],
    ["returns undefined", async () => undefined as unknown as Response],
    ["returns Response.error()", async () => Response.error()],
  ])("or that %s, does not lose the session", async (_what, respond) => {
    const handle = auth.wrap(async (_request, { getAccessToken }) => {
      await getAccessToken({ refresh: true });
      return respond();
    });
    await handle(edge.request()).then(edge.store, () => {});
    edge.clock.advance(60);
    const next = await refresh();
    edge.store(next);
    edge.clock.advance(60);
    expect([next.status, (await refresh()).status]).toEqual([200, 200]);
  });

  test("has its cookies set on the error page that a framework renders for the same Request", async () => {
    const request = edge.request();
    await expect(failingHandler()(request)).rejects.toThrow("the app's own");
    const renderErrorPage = auth.wrap((_request, { session }) => Response.json(session?.user.sub, { status: 500 }));
    const page = await renderErrorPage(request);
    expect([page.status, await page.json()]).toEqual([500, "alice"]);
    expect(cookieNames(page)).toContainEqual(tokenCookie);
    edge.store(page);
    edge.clock.advance(4000);
    expect((await refresh()).status).toBe(200);
  });

  test("has its cookies set, once, on the response that an error handler passes to `finish`", async () => {
    const request = edge.request();
    await expect(failingHandler()(request)).rejects.toThrow("the app's own");
    const page = auth.finish(request, new Response("sorry", { status: 500 }));
    expect([page.status, await page.text()]).toEqual([500, "sorry"]);
    expect(page.headers.get("cache-control")).toBe("private, no-store");
    expect(cookieNames(page)).toContainEqual(tokenCookie);
    const again = new Response("again");
    expect(auth.finish(request, again)).toBe(again);
    expect(auth.finish(edge.request(), again)).toBe(again);
  });

  test("keeps its cookies if `finish` gets a Response that cannot be copied", async () => {
    const request = edge.request();
    await expect(failingHandler()(request)).rejects.toThrow("the app's own");
    const unusable = await readResponse();
    expect(() => auth.finish(request, unusable)).toThrow(TypeError);
    expect(cookieNames(auth.finish(request, new Response("sorry")))).toContainEqual(tokenCookie);
  });

  test("can throw a Response, which then sets its cookies", async () => {
    const handle = auth.wrap(async (_request, { getAccessToken }) => {
      await getAccessToken({ refresh: true });
      throw new Response(null, { status: 302, headers: { location: "/elsewhere" } });
    });
    const thrown: Response = await handle(edge.request()).catch((response) => response);
    expect([thrown.status, thrown.headers.get("location")]).toEqual([302, "/elsewhere"]);
    expect(cookieNames(thrown)).toContainEqual(tokenCookie);
  });

  test("leaves its Request unable to refresh or update", async () => {
    const request = edge.request();
    await expect(failingHandler()(request)).rejects.toThrow("the app's own");
    await expect(auth.update(request, {})).rejects.toMatchObject({ code: "headers_sent" });
    const before = edge.tokenRequests();
    await expect(auth.getAccessToken(request, { refresh: true })).rejects.toMatchObject({ code: "refresh_required" });
    expect(edge.tokenRequests()).toBe(before);
  });

  test("inside another wrapped handler that catches the error: the outer response sets all cookies", async () => {
    const inner = failingHandler();
    const outer = auth.wrap(async (request) => {
      await inner(request).catch(() => {});
      await auth.update(request, { color: "blue" });
      return new Response("outer");
    });
    const names = cookieNames(await outer(edge.request()));
    expect(names).toContainEqual(tokenCookie);
    expect(names).toContainEqual(expect.stringMatching(/\.id\.0$/));
  });
});

test("a client that disconnects during a refresh does not lose its session, if the runtime aborts the request's signal", async () => {
  const disconnect = new AbortController();
  const request = new Request(PAGE, { headers: { cookie: edge.cookieHeader() }, signal: disconnect.signal });
  const handle = auth.wrap(async (_request, { getAccessToken }) => {
    disconnect.abort();
    return new Response(await getAccessToken({ refresh: true }));
  });
  // The response is not stored: its cookies never reach the browser.
  await handle(request);
  edge.clock.advance(600);
  expect((await refresh()).status).toBe(200);
});

test("two requests that refresh for two audiences at once keep the session, also if the first responds last", async () => {
  const handle = (audience: string, wait: number) =>
    auth.wrap(async (_request, { getAccessToken }) => {
      const token = await getAccessToken({ audience });
      await new Promise((resolve) => setTimeout(resolve, wait));
      return new Response(token);
    })(edge.request());
  const [first, second] = [handle("a", 200), handle("b", 0)];
  edge.store(await second);
  edge.store(await first);
  for (const seconds of [60, 600]) {
    edge.clock.advance(seconds);
    const next = await refresh();
    expect([seconds, next.status]).toEqual([seconds, 200]);
    edge.store(next);
  }
});

test("fake timers in a user's test do not block requests that wait for each other", async () => {
  const { auth: newAuth, request } = await createEdgeAuth();
  vi.useFakeTimers();
  try {
    const logins = [1, 2].map(() => newAuth.handler(request("https://app.example/auth/login")));
    expect((await Promise.all(logins)).map(({ status }) => status)).toEqual([302, 302]);
  } finally {
    vi.useRealTimers();
  }
});
