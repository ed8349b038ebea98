import { createServer as createHttpServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { connect, createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import type { ErrorRequestHandler, Response } from "express";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createAuth } from "../../adapters/edge.js";
import { auth, getAuth, getSignedInAuth, requireSession } from "../../adapters/node.js";
import { createClock, createCookieJar, createTestProvider, mintSession } from "../../adapters/testing/index.js";
import { startApp, type TestApp } from "../support/app.js";
import { expressApps } from "../support/express-app.js";
import { nodeApp } from "../support/node-app.js";

/** The ways in which an app sends headers. Each has two cookies of the app, and allows caches to store the response. */
const ways: Record<string, (res: Response) => unknown> = {
  "an object": (res) =>
    res.writeHead(203, { "Set-Cookie": ["a=1", "b=2"], "Cache-Control": "public", "X-Own": "kept" }).end("body"),
  "an object without a prototype": (res) => {
    const headers = { "set-cookie": ["a=1", "b=2"], "cache-control": "public", "x-own": "kept" };
    res.writeHead(203, Object.assign(Object.create(null), headers)).end("body");
  },
  "a list of names and values": (res) =>
    res
      .writeHead(203, ["Set-Cookie", "a=1", "X-Own", "kept", "Set-Cookie", "b=2", "Cache-Control", "public"])
      .end("body"),
  "a list of pairs": (res) =>
    res
      .writeHead(203, [
        ["Set-Cookie", "a=1"],
        ["Set-Cookie", "b=2"],
        ["Cache-Control", "public"],
        ["X-Own", "kept"],
      ] as never)
      .end("body"),
  "a message and an object": (res) =>
    res
      .writeHead(203, "Second Hand", { "set-cookie": ["a=1", "b=2"], "cache-control": "public", "x-own": "kept" })
      .end("body"),
  "headers that were set, and others with writeHead": (res) => {
    res.setHeader("Set-Cookie", "gone=1");
    res.setHeader("X-Own", "kept");
    res.writeHead(203, { "set-cookie": ["a=1", "b=2"], "cache-control": "public" }).end("body");
  },
  "a status alone": (res) => {
    res.setHeader("Set-Cookie", ["a=1", "b=2"]);
    res.set({ "Cache-Control": "public", "X-Own": "kept" });
    res.writeHead(203).end("body");
  },
  "the first piece of a body": (res) => {
    res.status(203).cookie("a", "1").cookie("b", "2").set({ "Cache-Control": "public", "X-Own": "kept" });
    res.write("bo");
    res.end("dy");
  },
  "headers sent before the body": (res) => {
    res.status(203).cookie("a", "1").cookie("b", "2").set({ "Cache-Control": "public", "X-Own": "kept" });
    res.flushHeaders();
    res.end("body");
  },
};

describe.each(Object.entries(expressApps))("%s: a response gets latchkey's cookies", (_name, framework) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp({
      framework,
      options: { session: { inactivityDuration: 3600 } },
      extend: (express) => {
        for (const [way, respond] of Object.entries(ways)) {
          express.get(`/${encodeURIComponent(way)}`, (_req, res) => void respond(res));
        }
        express.get("/twice", (_req, res) => {
          res.writeHead(200);
          try {
            res.writeHead(201);
          } catch (error) {
            res.end((error as NodeJS.ErrnoException).code);
          }
        });
        express.get("/not-modified", (_req, res) => void res.writeHead(304).end());
      },
    });
  });
  afterAll(() => app.close());

  test.each(Object.keys(ways))("if it is sent with %s", async (way) => {
    const browser = app.browser();
    await browser.signIn();
    app.clock.advance(400);
    const { status, body, headers, setCookies } = await browser.fetch(`/${encodeURIComponent(way)}`);
    expect([status, body, headers["x-own"]]).toEqual([203, "body", "kept"]);
    expect(headers["cache-control"]).toBe("private, no-store");
    const names = setCookies.map((line) => line.slice(0, line.indexOf("=")));
    expect(names).toEqual(["a", "b", expect.stringMatching(/^latchkey\.[\w-]{6}\.seen$/)]);
  });

  test("and a second writeHead throws, as it does without latchkey", async () => {
    const browser = app.browser();
    await browser.signIn();
    app.clock.advance(400);
    expect(await browser.fetch("/twice")).toMatchObject({ status: 200, body: "ERR_HTTP_HEADERS_SENT" });
  });

  test("if it has no body", async () => {
    const browser = app.browser();
    await browser.signIn();
    app.clock.advance(400);
    const response = await browser.fetch("/not-modified");
    expect([response.status, response.setCookies.length]).toEqual([304, 1]);
  });
});

test.each(Object.entries(expressApps))(
  "%s: if Node refuses the app's headers, the error page gets the cookies",
  async (_name, framework) => {
    const app = await startApp({
      framework,
      extend: (express) => {
        express.get("/refused", async (req, res) => {
          await req.auth.update({ color: "blue" });
          try {
            res.writeHead(200, { "x-name": "snow \u2603" }).end();
          } catch (error) {
            res.status(500).json({ error: (error as NodeJS.ErrnoException).code });
          }
        });
      },
    });
    try {
      const browser = app.browser();
      await browser.signIn();
      const response = await browser.fetch("/refused");
      expect([response.status, response.body]).toEqual([500, '{"error":"ERR_INVALID_CHAR"}']);
      expect(response.headers["cache-control"]).toBe("private, no-store");
      expect(JSON.parse((await browser.fetch("/")).body).session.data).toEqual({ color: "blue" });
    } finally {
      await app.close();
    }
  },
);

test.each(Object.entries(expressApps))(
  "%s: a client that disconnects in the middle of its form causes no error in the app",
  async (_name, framework) => {
    const errors: unknown[] = [];
    const app = await startApp({
      framework,
      extend: (express) => {
        express.use(((error, _req, res, _next) => {
          errors.push(error);
          res.status(500).end();
        }) as ErrorRequestHandler);
      },
    });
    try {
      const headers = { "content-type": "application/x-www-form-urlencoded", "content-length": "1000" };
      const arrived = new Promise((resolve) => setTimeout(resolve, 200));
      await app
        .browser()
        .abandon("/auth/callback", arrived, { method: "POST", headers, body: "state=x", unfinished: true });
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(errors).toEqual([]);
    } finally {
      await app.close();
    }
  },
);

test.each(["HTTP/1.1", "HTTP/2"])(
  "%s: a client that disconnects before the response does not lose its session",
  async (version) => {
    const clock = createClock();
    const provider = await createTestProvider({ clock });
    const secret = "a secret of at least thirty-two characters";
    const { issuer, clientId, clientSecret, fetch } = provider;
    const middleware = auth({
      issuer,
      clientId,
      clientSecret,
      secret,
      baseUrl: "https://app.example",
      fetch,
      now: clock.now,
    });
    const edge = createAuth({
      issuer,
      clientId,
      clientSecret,
      secret,
      baseUrl: "https://app.example",
      fetch,
      now: clock.now,
    });
    const jar = createCookieJar({ clock });
    for (let url = "https://app.example/auth/login"; url; ) {
      const response = await edge.handler(new Request(url, { headers: { cookie: jar.header(url) } }));
      jar.store(response, url);
      url = url.endsWith("/login") ? (await provider.authorize(String(response.headers.get("location")))).url : "";
    }
    const cookie = jar.header("https://app.example/");
    let hasAnswered = () => {};
    const answered = new Promise<void>((resolve) => {
      hasAnswered = resolve;
    });
    const listener = (req: IncomingMessage, res: ServerResponse) =>
      middleware(req, res, async () => {
        const { getAccessToken } = getAuth(req);
        const closed = new Promise((resolve) => res.on("close", resolve));
        outgoing.destroy();
        await closed;
        await getAccessToken({ refresh: true });
        res.end("unread");
        hasAnswered();
      });
    const isSecond = version === "HTTP/2";
    const server = isSecond ? createServer(listener as never) : createHttpServer(listener);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const session = isSecond ? connect(origin) : undefined;
    const outgoing = session
      ? session.request({ ":path": "/", ":authority": "app.example", cookie })
      : request(origin, { headers: { host: "app.example", cookie } });
    outgoing.on("error", () => {}).end();
    await answered;
    session?.destroy();
    server.close();
    clock.advance(60);
    const token = edge.wrap(
      async (_request, { getAccessToken }) => new Response(await getAccessToken({ refresh: true })),
    );
    expect((await token(new Request("https://app.example/", { headers: { cookie } }))).status).toBe(200);
  },
);

test("on HTTP/2 the host is read from :authority: the sign-in begins at the site of the request", async () => {
  const app = await startApp({
    framework: nodeApp,
    options: { baseUrl: ["https://one.example", "https://two.example"] },
  });
  const listener = await nodeApp(app.options, () => {});
  const server = createServer((req, res) => listener(req as never, res as never));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  try {
    for (const host of ["two.example", "one.example", "other.example"]) {
      const location = await new Promise((resolve, reject) => {
        const headers = { ":path": "/auth/login", ":authority": host, "sec-fetch-mode": "navigate" };
        const stream = session.request(headers).on("error", reject);
        stream.on("response", (response) => resolve(response["location"])).end();
      });
      const redirectUri = new URL(String(location)).searchParams.get("redirect_uri");
      const site = host === "two.example" ? host : "one.example";
      expect([host, redirectUri]).toEqual([host, `https://${site}/auth/callback`]);
    }
  } finally {
    session.close();
    server.close();
    await app.close();
  }
});

describe("a request that did not go through auth()", () => {
  const req = { auth: { of: "another package" } } as unknown as IncomingMessage;

  test("getAuth throws an error that says what to do, even if another package set req.auth", () => {
    const error = {
      code: "invalid_config",
      message: expect.stringMatching(/getAuth\(\): .* did not go through auth\(\)/),
    };
    expect(() => getAuth(req)).toThrow(expect.objectContaining(error));
    expect(() => getAuth({} as IncomingMessage)).toThrow(expect.objectContaining(error));
  });

  test("getSignedInAuth throws the same", () => {
    expect(() => getSignedInAuth(req)).toThrow(expect.objectContaining({ code: "invalid_config" }));
  });

  test("requireSession passes the error on", () => {
    const errors: unknown[] = [];
    requireSession()(req, {} as ServerResponse, (error) => errors.push(error));
    expect(errors).toEqual([expect.objectContaining({ code: "invalid_config" })]);
  });
});

test("getSignedInAuth gives the session of a guarded request, and says which guard an unguarded one lacks", async () => {
  const options = {
    issuer: "https://op.example",
    clientId: "client",
    clientSecret: "client-secret",
    secret: "a secret of at least thirty-two characters",
    baseUrl: "https://app.example",
  };
  const [signIn, guard] = [auth(options), requireSession()];
  const listener = (req: IncomingMessage, res: ServerResponse) => {
    const answer = () => {
      try {
        res.end(getSignedInAuth(req).session.user.name);
      } catch (error) {
        res.writeHead(500).end(String(error));
      }
    };
    signIn(req, res, () => (req.url === "/guarded" ? guard(req, res, answer) : answer()));
  };
  const server = createHttpServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const cookie = await mintSession({ ...options, user: { sub: "alice", name: "Alice" } });
  const get = async (path: string, headers: Record<string, string>) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
    return [response.status, await response.text()];
  };
  try {
    expect(await get("/guarded", { cookie })).toEqual([200, "Alice"]);
    expect((await get("/guarded", {}))[0]).toBe(401);
    expect(await get("/open", { cookie })).toEqual([200, "Alice"]);
    expect(await get("/open", {})).toEqual([500, expect.stringMatching(/no session. Call requireSession\(\)/)]);
  } finally {
    server.close();
  }
});
