import { createServer, type IncomingMessage, type RequestListener, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { build } from "esbuild";
import express5 from "express";
// @ts-expect-error: the alias has no types of its own; those of Express 5 serve
import express4 from "express4";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { AccessTokenOptions, AccessTokenRefusal } from "../../adapters/edge.js";
import { verifyAccessToken as onEdge } from "../../adapters/edge.js";
import { verifyAccessToken as onExpress } from "../../adapters/express.js";
import * as browser from "../../adapters/next/browser.js";
import * as next from "../../adapters/next/index.js";
import { createTestProvider, type TestProvider } from "../../adapters/testing/index.js";
import { API } from "../support/routes.js";
import { runs } from "../support/runs.js";
import { runtimes } from "../support/runtimes.js";

let provider: TestProvider;
const refusals: AccessTokenRefusal[] = [];
beforeAll(async () => {
  provider = await createTestProvider();
});
beforeEach(() => void refusals.splice(0));

const options = (): AccessTokenOptions => ({
  issuer: provider.issuer,
  audience: API,
  scope: "read:shows",
  fetch: provider.fetch,
  onRefused: (refusal) => refusals.push(refusal),
});

/** An access token as the provider issues them, with other claims. */
const tokenWith = (claims: Record<string, unknown> = {}) => {
  const now = Math.floor(Date.now() / 1000);
  const whole = {
    iss: provider.issuer,
    sub: "alice",
    aud: API,
    client_id: "client",
    iat: now,
    exp: now + 300,
    jti: "1",
  };
  return provider.sign({ ...whole, scope: "read:shows", ...claims }, { typ: "at+jwt" });
};

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** Asks an API for its shows, with these headers. */
type Ask = (authorization?: string | readonly string[], path?: string, method?: string) => Promise<Answer>;

type Served = { readonly ask: Ask; close?(): void };

/** Over HTTP. */
async function overHttp(listener: RequestListener) {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const ask: Ask = (authorization = [], path = "/shows", method = "GET") =>
    new Promise((resolve, reject) => {
      const outgoing = request({ host: "127.0.0.1", port, path, method, agent: false }, async (incoming) => {
        let body = "";
        for await (const piece of incoming) body += piece;
        const headers = new Headers(incoming.headers as Record<string, string>);
        resolve({ status: incoming.statusCode as number, headers, body });
      });
      outgoing.setHeader("authorization", authorization);
      outgoing.on("error", reject).end();
    });
  return { ask, origin: `http://127.0.0.1:${port}`, close: () => void server.close().closeAllConnections() };
}

/** An API on another runtime than this one. */
async function onRuntime(name: keyof typeof runtimes): Promise<Served> {
  let listener: RequestListener = () => {};
  const served = await overHttp((req, res) => listener(req, res));
  const app = await runtimes[name](
    {
      issuer: provider.issuer,
      clientId: "unused",
      clientSecret: "unused",
      secret: "0123456789abcdef0123456789abcdef",
      baseUrl: served.origin,
      fetch: provider.fetch,
      now: Date.now,
    },
    () => {},
  );
  listener = app;
  return {
    async ask(...asked) {
      const answer = await served.ask(...asked);
      const refusal = answer.headers.get("x-test-refusal");
      if (refusal) refusals.push(JSON.parse(refusal));
      return answer;
    },
    close() {
      app.close?.();
      served.close();
    },
  };
}

/** By a function call. */
function asFunction(handler: (request: Request) => Promise<Response>): Served {
  return {
    async ask(authorization = [], path = "/shows") {
      const sent = [authorization].flat().map((value): [string, string] => ["authorization", value]);
      const response = await handler(new Request(API + path, { headers: sent }));
      return { status: response.status, headers: response.headers, body: await response.text() };
    },
  };
}

function expressApp(framework: typeof express5): Promise<Served> {
  const app = framework();
  app.get("/shows", onExpress(options()), (req, res) => void res.json(req.accessToken));
  return overHttp(app);
}

/** How each front is served. Each answers with what it was told of the access token. */
const fronts: Readonly<Record<string, () => Served | Promise<Served>>> = {
  "Express 5": () => expressApp(express5),
  "Express 4": () => expressApp(express4 as unknown as typeof express5),
  "node:http": () => {
    const protect = onExpress(options());
    return overHttp((req, res) =>
      protect(req, res, (error) =>
        res.end(error ? String(error) : JSON.stringify((req as { accessToken?: unknown }).accessToken)),
      ),
    );
  },
  "Edge, wrap": () => asFunction(onEdge(options()).wrap((_request, access) => Response.json(access))),
  "Edge, verify": () => {
    const api = onEdge(options());
    return asFunction(async (asked) => {
      const { response, token, claims } = await api.verify(asked);
      return response ?? Response.json({ token, claims });
    });
  },
  "edge-runtime": () => onRuntime("edge-runtime"),
  workerd: () => onRuntime("workerd"),
  Bun: () => onRuntime("Bun"),
  Deno: () => onRuntime("Deno"),
  "Next App Router": () =>
    asFunction(next.verifyAccessToken(options()).wrap((_request, access) => Response.json(access))),
  "Next Pages Router": () => {
    const handler = next.verifyAccessToken(options()).wrapApi((_req, res, access) => res.end(JSON.stringify(access)));
    return overHttp((req: IncomingMessage, res: ServerResponse) => void handler(req as never, res as never));
  },
};

describe.each(Object.entries(fronts))("%s", (name, serve) => {
  let served: Served;
  beforeAll(async () => {
    served = await serve();
  });
  afterAll(() => served.close?.());

  /** Status, challenge and body of an answer that is not to be kept. */
  const refusal = async (...asked: Parameters<Ask>) => {
    const { status, headers, body } = await served.ask(...asked);
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("content-type")).toBe("application/json; charset=utf-8");
    return [status, headers.get("www-authenticate"), JSON.parse(body).error];
  };

  test("a valid access token is let in, and told to the handler", async () => {
    const token = await tokenWith();
    const { status, headers, body } = await served.ask(`Bearer ${token}`);
    expect([status, headers.get("www-authenticate"), JSON.parse(body)]).toMatchObject([
      200,
      null,
      { token, claims: { iss: provider.issuer, sub: "alice", aud: API } },
    ]);
    expect((await served.ask(`bearer ${token}`)).status).toBe(200);
    expect(refusals).toEqual([]);
  });

  test("without one, or with other credentials, it is asked for", async () => {
    const asked = [401, 'Bearer realm="api", scope="read:shows"', "no_token"];
    expect(await refusal()).toEqual(asked);
    expect(await refusal("Basic YTpi")).toEqual(asked);
  });

  test("nor does one in the query count", async () => {
    expect((await refusal(undefined, `/shows?access_token=${await tokenWith()}`))[0]).toBe(401);
  });

  test("a header that is not one access token is malformed", async () => {
    const malformed = [400, 'Bearer realm="api", error="invalid_request", scope="read:shows"', "invalid_request"];
    const token = await tokenWith();
    expect(await refusal("Bearer")).toEqual(malformed);
    expect(await refusal(`Bearer ${token} ${token}`)).toEqual(malformed);
    // The server that comes with it shows the first of several.
    if (name === "edge-runtime") return;
    expect(await refusal([`Bearer ${token}`, `Bearer ${token}`])).toEqual(malformed);
    expect(await refusal([`Bearer ${token}`, "Basic YTpi"])).toEqual(malformed);
  });

  test("one that is not valid is refused, and why is told to the logs alone", async () => {
    const invalid = [401, 'Bearer realm="api", error="invalid_token", scope="read:shows"', "invalid_token"];
    expect(await refusal(`Bearer ${await tokenWith({ exp: 1 })}`)).toEqual(invalid);
    expect(await refusal("Bearer opaque")).toEqual(invalid);
    expect(refusals).toEqual([
      { code: "invalid_token", reason: "exp" },
      { code: "invalid_token", reason: "format" },
    ]);
  });

  test("a valid one without the scope is told which", async () => {
    expect(await refusal(`Bearer ${await tokenWith({ scope: "openid" })}`)).toEqual([
      403,
      'Bearer realm="api", error="insufficient_scope", scope="read:shows"',
      "insufficient_scope",
    ]);
  });
});

test("a provider that is down is nobody's fault here: 503, with when to come back", async () => {
  const down = await createTestProvider();
  down.misbehave("unreachable");
  const { ask } = asFunction(onEdge({ ...options(), fetch: down.fetch }).wrap(() => new Response("never")));
  const { status, headers, body } = await ask(`Bearer ${await tokenWith()}`);
  expect([status, headers.get("retry-after"), headers.get("www-authenticate"), body]).toEqual([
    503,
    "5",
    null,
    '{"error":"temporarily_unavailable"}',
  ]);
  expect(refusals).toMatchObject([{ code: "temporarily_unavailable", cause: { code: "provider_unreachable" } }]);
});

test("nor in a bundle whose names a minifier has changed", async () => {
  const { outputFiles } = await build({
    stdin: { contents: 'export { verifyAccessToken } from "./adapters/edge.ts";', resolveDir: process.cwd() },
    alias: { "#aead": "./core/seal/aead.web.ts", "#bytes": "./core/seal/aead.web.ts" },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
  });
  const code = Buffer.from(outputFiles[0]?.contents ?? []).toString("base64");
  const { verifyAccessToken } = (await import(`data:text/javascript;base64,${code}`)) as {
    verifyAccessToken: typeof onEdge;
  };
  const down = () => Promise.reject(new TypeError("down"));
  const { ask } = asFunction(verifyAccessToken({ ...options(), fetch: down }).wrap(() => new Response("never")));
  expect((await ask(`Bearer ${await tokenWith()}`)).status).toBe(503);
});

test("an ID Token of the same provider is no access token", async () => {
  const now = Math.floor(Date.now() / 1000);
  const idToken = { iss: provider.issuer, sub: "alice", aud: provider.clientId, iat: now, exp: now + 300 };
  const { ask } = asFunction(onEdge({ ...options(), scope: undefined }).wrap(() => new Response("in")));
  expect((await ask(`Bearer ${await provider.sign(idToken)}`)).status).toBe(401);
  // An API that took its client id for its name has this left.
  const careless = asFunction(
    onEdge({ ...options(), scope: undefined, audience: provider.clientId }).wrap(() => new Response("in")),
  );
  expect((await careless.ask(`Bearer ${await provider.sign({ ...idToken, nonce: "n" })}`)).status).toBe(401);
});

test("whatever the Authorization header is, it is a client's error", async () => {
  const protect = onExpress(options());
  const header = fc.string({ unit: "binary", maxLength: 300 });
  const headers = fc.oneof(
    header,
    header.map((text) => `Bearer ${text}`),
    fc.base64String().map((text) => `Bearer ${text}`),
  );
  await fc.assert(
    fc.asyncProperty(headers, async (authorization) => {
      const res = { headers: {} as Record<string, string>, statusCode: 0 };
      const status = await new Promise((resolve) =>
        protect(
          { headers: { authorization }, rawHeaders: ["Authorization", authorization] } as never,
          {
            ...res,
            setHeader: () => {},
            end(this: typeof res) {
              resolve(this.statusCode);
            },
          } as never,
          () => resolve("let in"),
        ),
      );
      expect([400, 401]).toContain(status);
    }),
    runs(),
  );
});

describe("handlers that map a Request to a Response", () => {
  const asked = async () => new Request(API, { headers: { authorization: `Bearer ${await tokenWith()}` } });

  test("get what the runtime passes besides", async () => {
    const handler = onEdge(options()).wrap((_request, { claims }, env: { name: string }, count: number) =>
      Response.json([claims.sub, env.name, count]),
    );
    expect(await (await handler(await asked(), { name: "worker" }, 2)).json()).toEqual(["alice", "worker", 2]);
  });

  test("and their errors stay theirs", async () => {
    const handler = onEdge(options()).wrap(() => {
      throw new RangeError("mine");
    });
    await expect(handler(await asked())).rejects.toThrow(new RangeError("mine"));
  });
});

test("an error of the handler behind it reaches Express once", async () => {
  const app = express5();
  const seen: unknown[] = [];
  app.get("/shows", onExpress(options()), () => {
    throw new RangeError("mine");
  });
  app.use((error: Error, _req: unknown, res: express5.Response, _next: unknown) => {
    seen.push(error.message);
    res.status(500).end();
  });
  const { ask, close } = await overHttp(app);
  expect((await ask(`Bearer ${await tokenWith()}`)).status).toBe(500);
  expect(seen).toEqual(["mine"]);
  close?.();
});

test("an error of the app's own on plain node:http is not passed to its callback a second time", async () => {
  const passed: unknown[] = [];
  const unhandled = new Promise((resolve) => {
    const others = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection");
    process.once("unhandledRejection", (error) => {
      for (const other of others) process.on("unhandledRejection", other);
      resolve(error);
    });
  });
  const protect = onExpress(options());
  const { ask, close } = await overHttp((req, res) =>
    protect(req, res, (error) => {
      passed.push(error);
      res.end();
      throw new RangeError("mine");
    }),
  );
  await ask(`Bearer ${await tokenWith()}`);
  expect(await unhandled).toEqual(new RangeError("mine"));
  expect(passed).toEqual([undefined]);
  close?.();
});

test("CORS headers that were set before stay, and a preflight that was answered before needs no token", async () => {
  const app = express5();
  app.use((req, res, next) => {
    res.set("access-control-allow-origin", "https://spa.example");
    if (req.method === "OPTIONS") res.status(204).end();
    else next();
  });
  app.use(onExpress(options()));
  const { ask, close } = await overHttp(app);
  const { status, headers } = await ask();
  expect([status, headers.get("access-control-allow-origin")]).toEqual([401, "https://spa.example"]);
  expect((await ask([], "/shows", "OPTIONS")).status).toBe(204);
  close?.();
});

test("who watches does not decide", async () => {
  const onRefused = () => {
    throw new Error("the log is full");
  };
  const { ask } = asFunction(onEdge({ ...options(), onRefused }).wrap(() => new Response("never")));
  expect((await ask()).status).toBe(401);
});

describe("the configuration", () => {
  const complete = { LATCHKEY_ISSUER: "https://op.example", LATCHKEY_AUDIENCE: API };
  const problem = (changed: Record<string, unknown>, env: object = complete): string => {
    try {
      onEdge({ ...changed, env });
      return "accepted";
    } catch (error) {
      expect(error).toMatchObject({ name: "MisuseError", code: "invalid_config" });
      return (error as Error).message;
    }
  };

  test("is two variables, or two options", () => {
    expect(problem({})).toBe("accepted");
    expect(problem({ issuer: "https://op.example", audience: [API, "shows"] }, {})).toBe("accepted");
  });

  test.each<[string, Record<string, unknown>, object?]>([
    ["issuer (LATCHKEY_ISSUER)", {}, { LATCHKEY_AUDIENCE: API }],
    ["issuer (LATCHKEY_ISSUER)", { issuer: "http://op.example" }],
    ["audience (LATCHKEY_AUDIENCE)", {}, { LATCHKEY_ISSUER: "https://op.example" }],
    ["audience (LATCHKEY_AUDIENCE)", { audience: [] }],
    ["audience (LATCHKEY_AUDIENCE)", { audience: [API, ""] }],
    ["audience (LATCHKEY_AUDIENCE)", { audience: [7] }],
    ["scope", { scope: ["read:shows"] }],
    // An API that asks for nothing by mistake would take any token of the provider.
    ["scope", { scope: "" }],
    ["scope", { scope: " " }],
    ["no option scopes", { scopes: "read:shows" }],
    ["scope", { scope: 'read" , error="invalid_token' }],
    ["scope", { scope: "read\r\nset-cookie: a=b" }],
    ["scope", { scope: "read\\" }],
    ["scope", { scope: "lesen:überall" }],
    ["signingAlg", { signingAlg: "HS256" }],
    ["signingAlg", { signingAlg: "none" }],
    ["profile", { profile: "at+jwt" }],
    ["clockTolerance", { clockTolerance: -1 }],
    ["httpTimeout", { httpTimeout: "soon" }],
  ])("says what is wrong with %s", (name, changed, env) => {
    expect(problem(changed, env)).toContain(name);
  });

  test("the scope of sign-ins is not the one of the API", async () => {
    const env = { ...complete, LATCHKEY_SCOPE: "openid profile" };
    const { ask } = asFunction(onEdge({ env }).wrap(() => new Response()));
    expect((await ask()).headers.get("www-authenticate")).toBe('Bearer realm="api"');
  });

  test("is checked at start-up by Express, by Next at the first request", async () => {
    expect(() => onExpress({ audience: API })).toThrow("LATCHKEY_ISSUER");
    const api = next.verifyAccessToken({ audience: API });
    const handler = api.wrap(() => new Response());
    await expect(handler(new Request(API))).rejects.toThrow("LATCHKEY_ISSUER");
  });
});

describe("what bundles for browsers get in the place of latchkey/next", () => {
  test("has all its names", () => {
    expect(Object.keys(browser).sort()).toEqual(Object.keys(next).sort());
  });

  test("may be imported there, and not be used", () => {
    const api = browser.verifyAccessToken() as Record<string, () => unknown>;
    expect(Object.keys(api).sort()).toEqual(Object.keys(next.verifyAccessToken()).sort());
    for (const use of Object.values(api)) expect(use).toThrow(expect.objectContaining({ code: "server_only" }));
  });
});
