import { createServer, type IncomingMessage, type RequestListener, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { build } from "esbuild";
import express5 from "express";
// @ts-expect-error: the alias has no types; those of Express 5 are used
import express4 from "express4";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { dpop } from "../../adapters/dpop.js";
import type { AccessTokenOptions, AccessTokenRefusal } from "../../adapters/edge.js";
import { introspection, verifyAccessToken as onEdge } from "../../adapters/edge.js";
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

/** An access token like the provider's, with these claims. */
const tokenWith = (claims: Record<string, unknown> = {}) => {
  const now = Math.floor(Date.now() / 1000);
  const base = {
    iss: provider.issuer,
    sub: "alice",
    aud: API,
    client_id: "client",
    iat: now,
    exp: now + 300,
    jti: "1",
  };
  return provider.sign({ ...base, scope: "read:shows", ...claims }, { typ: "at+jwt" });
};

interface ApiResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** Sends a request for the shows to an API, with this Authorization header. */
type Send = (authorization?: string | readonly string[], path?: string, method?: string) => Promise<ApiResponse>;

type Served = { readonly send: Send; close?(): void };

/** Serves an API over HTTP. */
async function overHttp(listener: RequestListener) {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const send: Send = (authorization = [], path = "/shows", method = "GET") =>
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
  return { send, origin: `http://127.0.0.1:${port}`, close: () => void server.close().closeAllConnections() };
}

/** Serves an API on a runtime other than Node. */
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
    async send(...request) {
      const response = await served.send(...request);
      const refusal = response.headers.get("x-test-refusal");
      if (refusal) refusals.push(JSON.parse(refusal));
      return response;
    },
    close() {
      app.close?.();
      served.close();
    },
  };
}

/** Calls an API that is a function. */
function asFunction(handler: (request: Request) => Promise<Response>): Served {
  return {
    async send(authorization = [], path = "/shows") {
      const headers = [authorization].flat().map((value): [string, string] => ["authorization", value]);
      const response = await handler(new Request(API + path, { headers }));
      return { status: response.status, headers: response.headers, body: await response.text() };
    },
  };
}

function expressApp(framework: typeof express5): Promise<Served> {
  const app = framework();
  app.get("/shows", onExpress(options()), (req, res) => void res.json(req.accessToken));
  return overHttp(app);
}

/** The same API on each adapter and runtime. It responds with what its handler got of the access token. */
const apis: Readonly<Record<string, () => Served | Promise<Served>>> = {
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
    return asFunction(async (request) => {
      const { response, token, claims } = await api.verify(request);
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

describe.each(Object.entries(apis))("%s", (name, serve) => {
  let served: Served;
  beforeAll(async () => {
    served = await serve();
  });
  afterAll(() => served.close?.());

  /** The status, the challenge and the error of a response. Checks that no cache may store the response. */
  const refusal = async (...request: Parameters<Send>) => {
    const { status, headers, body } = await served.send(...request);
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("content-type")).toBe("application/json; charset=utf-8");
    return [status, headers.get("www-authenticate"), JSON.parse(body).error];
  };

  test("a request with a valid access token is accepted, and the handler gets the token and its claims", async () => {
    const token = await tokenWith();
    const { status, headers, body } = await served.send(`Bearer ${token}`);
    expect([status, headers.get("www-authenticate"), JSON.parse(body)]).toMatchObject([
      200,
      null,
      { token, claims: { iss: provider.issuer, sub: "alice", aud: API } },
    ]);
    expect((await served.send(`bearer ${token}`)).status).toBe(200);
    expect(refusals).toEqual([]);
  });

  test("a request without an access token, or with other credentials, gets a challenge", async () => {
    const challenge = [401, 'Bearer realm="api", scope="read:shows"', "no_token"];
    expect(await refusal()).toEqual(challenge);
    expect(await refusal("Basic YTpi")).toEqual(challenge);
  });

  test("an access token in the query is ignored", async () => {
    expect((await refusal(undefined, `/shows?access_token=${await tokenWith()}`))[0]).toBe(401);
  });

  test("a header without exactly one access token is malformed", async () => {
    const malformed = [400, 'Bearer realm="api", error="invalid_request", scope="read:shows"', "invalid_request"];
    const token = await tokenWith();
    expect(await refusal("Bearer")).toEqual(malformed);
    expect(await refusal(`Bearer ${token} ${token}`)).toEqual(malformed);
    // The server of edge-runtime passes on the first header only.
    if (name === "edge-runtime") return;
    expect(await refusal([`Bearer ${token}`, `Bearer ${token}`])).toEqual(malformed);
    expect(await refusal([`Bearer ${token}`, "Basic YTpi"])).toEqual(malformed);
  });

  test("a request with an invalid access token is refused, and only onRefused gets the reason", async () => {
    const invalid = [401, 'Bearer realm="api", error="invalid_token", scope="read:shows"', "invalid_token"];
    expect(await refusal(`Bearer ${await tokenWith({ exp: 1 })}`)).toEqual(invalid);
    expect(await refusal("Bearer opaque")).toEqual(invalid);
    expect(refusals).toEqual([
      expect.objectContaining({ code: "invalid_token", reason: "exp" }),
      { code: "invalid_token", reason: "format", advice: "audience of the sign-in" },
    ]);
  });

  test("a valid access token without the scope is refused, and the challenge names the scope", async () => {
    expect(await refusal(`Bearer ${await tokenWith({ scope: "openid" })}`)).toEqual([
      403,
      'Bearer realm="api", error="insufficient_scope", scope="read:shows"',
      "insufficient_scope",
    ]);
  });
});

test("if the provider is down, the response is 503 with Retry-After and no challenge", async () => {
  const down = await createTestProvider();
  down.misbehave("unreachable");
  const { send } = asFunction(onEdge({ ...options(), fetch: down.fetch }).wrap(() => new Response("never")));
  const { status, headers, body } = await send(`Bearer ${await tokenWith()}`);
  expect([status, headers.get("retry-after"), headers.get("www-authenticate"), body]).toEqual([
    503,
    "5",
    null,
    '{"error":"temporarily_unavailable"}',
  ]);
  expect(refusals).toMatchObject([{ code: "temporarily_unavailable", cause: { code: "provider_unreachable" } }]);
});

test("if the provider is down, the response is 503 also in a minified bundle", async () => {
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
  const { send } = asFunction(verifyAccessToken({ ...options(), fetch: down }).wrap(() => new Response("never")));
  expect((await send(`Bearer ${await tokenWith()}`)).status).toBe(503);
});

test("an ID Token of the provider is refused as an access token", async () => {
  const now = Math.floor(Date.now() / 1000);
  const idToken = { iss: provider.issuer, sub: "alice", aud: provider.clientId, iat: now, exp: now + 300 };
  const { send } = asFunction(onEdge({ ...options(), scope: undefined }).wrap(() => new Response("in")));
  expect((await send(`Bearer ${await provider.sign(idToken)}`)).status).toBe(401);
  // Even an API whose audience is wrongly set to the client id refuses a token with a nonce.
  const misconfigured = asFunction(
    onEdge({ ...options(), scope: undefined, audience: provider.clientId }).wrap(() => new Response("in")),
  );
  expect((await misconfigured.send(`Bearer ${await provider.sign({ ...idToken, nonce: "n" })}`)).status).toBe(401);
});

test("any invalid Authorization header leads to 400 or 401", async () => {
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
          () => resolve("accepted"),
        ),
      );
      expect([400, 401]).toContain(status);
    }),
    runs(),
  );
});

describe("handlers that map a Request to a Response", () => {
  const validRequest = async () => new Request(API, { headers: { authorization: `Bearer ${await tokenWith()}` } });

  test("get the runtime's other arguments", async () => {
    const handler = onEdge(options()).wrap((_request, { claims }, env: { name: string }, count: number) =>
      Response.json([claims.sub, env.name, count]),
    );
    expect(await (await handler(await validRequest(), { name: "worker" }, 2)).json()).toEqual(["alice", "worker", 2]);
  });

  test("and throw: the error is passed on", async () => {
    const handler = onEdge(options()).wrap(() => {
      throw new RangeError("mine");
    });
    await expect(handler(await validRequest())).rejects.toThrow(new RangeError("mine"));
  });
});

test("an error of the app's handler reaches Express once", async () => {
  const app = express5();
  const seen: unknown[] = [];
  app.get("/shows", onExpress(options()), () => {
    throw new RangeError("mine");
  });
  app.use((error: Error, _req: unknown, res: express5.Response, _next: unknown) => {
    seen.push(error.message);
    res.status(500).end();
  });
  const { send, close } = await overHttp(app);
  expect((await send(`Bearer ${await tokenWith()}`)).status).toBe(500);
  expect(seen).toEqual(["mine"]);
  close?.();
});

test("an error that the app's callback throws on plain node:http is not passed to the callback again", async () => {
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
  const { send, close } = await overHttp((req, res) =>
    protect(req, res, (error) => {
      passed.push(error);
      res.end();
      throw new RangeError("mine");
    }),
  );
  await send(`Bearer ${await tokenWith()}`);
  expect(await unhandled).toEqual(new RangeError("mine"));
  expect(passed).toEqual([undefined]);
  close?.();
});

test("CORS headers of an earlier middleware stay, and a preflight that it answers needs no token", async () => {
  const app = express5();
  app.use((req, res, next) => {
    res.set("access-control-allow-origin", "https://spa.example");
    if (req.method === "OPTIONS") res.status(204).end();
    else next();
  });
  app.use(onExpress(options()));
  const { send, close } = await overHttp(app);
  const { status, headers } = await send();
  expect([status, headers.get("access-control-allow-origin")]).toEqual([401, "https://spa.example"]);
  expect((await send([], "/shows", "OPTIONS")).status).toBe(204);
  close?.();
});

test("an onRefused that throws does not change the response", async () => {
  const onRefused = () => {
    throw new Error("the log is full");
  };
  const { send } = asFunction(onEdge({ ...options(), onRefused }).wrap(() => new Response("never")));
  expect((await send()).status).toBe(401);
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

  test("takes a client in the place of an audience, and several issuers in the place of one", () => {
    expect(problem({ clientIds: "client" }, { LATCHKEY_ISSUER: "https://op.example" })).toBe("accepted");
    const issuers = ["https://op.example", { issuer: "https://other.example", audience: "other" }];
    expect(problem({ issuers, audience: API }, {})).toBe("accepted");
    expect(problem({ issuers: [{ issuer: "https://op.example", audience: API }] }, {})).toBe("accepted");
  });

  test("needs two variables, or two options", () => {
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
    // With an empty scope by mistake, an API would accept any token for its audience.
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
    ["clientIds", { clientIds: [""] }],
    ["clientIds", { clientIds: [7] }],
    ["issuers must be of type list", { issuers: "https://op.example" }],
    ["issuers must be different", { issuers: [] }],
    ["issuers must be different", { issuers: ["https://op.example", "https://op.example"] }],
    ["issuer (LATCHKEY_ISSUER) must be an https URL", { issuers: ["http://op.example"] }],
    ["options must be an object", { issuers: [7] }],
    ["did you mean issuer?", { issuers: [{ isuer: "https://op.example" }] }],
    ["there is no option scope", { issuers: [{ issuer: "https://op.example", scope: "pay" }] }],
    ["audience (LATCHKEY_AUDIENCE)", { issuers: ["https://op.example"] }, {}],
    ["signingAlg", { issuers: [{ issuer: "https://op.example", signingAlg: "HS256" }] }],
    [
      "introspection",
      {
        issuers: ["https://op.example", "https://other.example"],
        introspection: introspection({ clientId: "a", clientSecret: "b" }),
      },
    ],
    ["claims", { claims: { roles: undefined } }],
    ["claims", { claims: { roles: null } }],
    ["claims", { claims: { roles: [] } }],
    ["claims", { claims: { roles: "" } }],
    ["claims", { claims: { roles: ["admin", undefined] } }],
    ["claims", { claims: { roles: { admin: true } } }],
    ["claims must be of type object", { claims: "admin" }],
    ["resourceMetadata must be a URL", { resourceMetadata: "metadata" }],
    ["dpop must be what dpop() returns", { dpop: {} }],
    ["dpop must be what dpop() returns", { dpop }],
    ["stepUp must be what stepUp() returns", { stepUp: { maxAge: 60 } }],
    ["introspection must be what introspection() returns", { introspection: true }],
  ])("is refused with an error that names %s", (name, changed, env) => {
    expect(problem(changed, env)).toContain(name);
  });

  test("does not take the scope of the API from the scope of sign-ins", async () => {
    const env = { ...complete, LATCHKEY_SCOPE: "openid profile" };
    const { send } = asFunction(onEdge({ env }).wrap(() => new Response()));
    expect((await send()).headers.get("www-authenticate")).toBe('Bearer realm="api"');
  });

  test("is checked at start-up by Express, by Next at the first request", async () => {
    expect(() => onExpress({ audience: API })).toThrow("LATCHKEY_ISSUER");
    const api = next.verifyAccessToken({ audience: API });
    const handler = api.wrap(() => new Response());
    await expect(handler(new Request(API))).rejects.toThrow("LATCHKEY_ISSUER");
  });
});

describe("the module that bundles for browsers get instead of latchkey/next", () => {
  test("has all names of latchkey/next", () => {
    expect(Object.keys(browser).sort()).toEqual(Object.keys(next).sort());
  });

  test("can be imported, and its functions throw", () => {
    const api = browser.verifyAccessToken() as Record<string, () => unknown>;
    expect(Object.keys(api).sort()).toEqual(Object.keys(next.verifyAccessToken()).sort());
    for (const use of Object.values(api)) expect(use).toThrow(expect.objectContaining({ code: "server_only" }));
  });
});
