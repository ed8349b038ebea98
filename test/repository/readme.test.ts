import { type ChildProcess, execFile, execFileSync, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Middleware, RequestAuth } from "../../adapters/node.js";
import { createCookieJar, createTestProvider, mintSession, type TestProvider } from "../../adapters/testing/index.js";
import { plainRequest } from "../support/app.js";
import { clientKey } from "../support/client-key.js";
import { type Server as DatabaseServer, installed, startPostgres, startRedis } from "../support/databases.js";
import { documentAt, documents, filesOf, root, snippet, toJavaScript } from "../support/documents.js";
import { send } from "../support/edge-app.js";
import { bin, freePort, startServer } from "../support/process.js";
import { startUpstash } from "../support/upstash.js";

const readme = documentAt("README.md");
const all = documents.map(({ text }) => text).join("\n");
const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: Record<string, string> };

/** A user's folder, in which this package as built and some frameworks are installed. */
let folder: string;
const running: ChildProcess[] = [];
const servers: Server[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "latchkey-readme-"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules/latchkey"));
  for (const name of ["express", "hono", "ioredis", "pg", "react", "react-dom"])
    symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
  mkdirSync(join(folder, "node_modules/@modelcontextprotocol"));
  symlinkSync(
    join(root, "node_modules/@modelcontextprotocol/sdk"),
    join(folder, "node_modules/@modelcontextprotocol/sdk"),
  );
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
});

afterAll(() => {
  for (const child of running) child.kill();
  for (const server of servers) server.close().closeAllConnections();
  rmSync(folder, { recursive: true, force: true });
});

const VARIABLES = {
  LATCHKEY_ISSUER: "http://127.0.0.1:1/",
  LATCHKEY_CLIENT_ID: "client",
  LATCHKEY_CLIENT_SECRET: "client-secret",
  LATCHKEY_SECRET: "a secret of at least thirty-two characters",
  LATCHKEY_BASE_URL: "http://localhost:3000",
};

/** Starts a script in the user's folder, and waits until it responds on its port, or ends. */
async function start(
  file: string,
  code: string,
  variables: Record<string, string>,
  port?: number,
): Promise<{ url: string; output: string }> {
  port ??= await freePort();
  writeFileSync(join(folder, file), code.replace("app.listen(3000)", `app.listen(${port}, "127.0.0.1")`));
  const env: Record<string, string | undefined> = { PATH: process.env["PATH"], ...variables };
  const child = spawn(process.execPath, [file], { cwd: folder, env: env as NodeJS.ProcessEnv });
  running.push(child);
  let output = "";
  child.stderr.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; tries < 100 && child.exitCode === null; tries++) {
    const up = await plainRequest(url, "/", {}).then(
      () => true,
      () => false,
    );
    if (up) return { url, output };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { url: "", output };
}

/** The Cookie header of Alice's browser. */
const alice = () =>
  mintSession({
    issuer: VARIABLES.LATCHKEY_ISSUER,
    clientId: VARIABLES.LATCHKEY_CLIENT_ID,
    secret: VARIABLES.LATCHKEY_SECRET,
    baseUrl: VARIABLES.LATCHKEY_BASE_URL,
    user: { sub: "alice", name: "Alice" },
  });

describe("the quick start", () => {
  test("works with five variables: a link to sign in, a page that requires a session, and a response for scripts", async () => {
    const { url, output } = await start("app.mjs", snippet("express"), VARIABLES);
    expect(output).toBe("");
    expect((await plainRequest(url, "/", {})).body).toContain('<a href="/auth/login">Sign in</a>');
    const page = await plainRequest(url, "/invoices", { headers: { accept: "text/html" } });
    expect([page.status, page.headers.location]).toEqual([
      302,
      "http://localhost:3000/auth/login?returnTo=%2Finvoices",
    ]);
    expect((await plainRequest(url, "/invoices", {})).status).toBe(401);
    expect((await plainRequest(url, "/auth/me", {})).body).toBe('{"user":null}');
    // The provider of this test cannot be reached, so the user sees an error page.
    expect((await plainRequest(url, "/auth/login", {})).status).toBe(503);
  });

  test.each(Object.keys(VARIABLES))("without %s it does not start, and says what to set", async (name) => {
    const { [name]: _missing, ...others } = VARIABLES as Record<string, string>;
    const { url, output } = await start(`without-${name}.mjs`, snippet("express"), others);
    expect(url).toBe("");
    expect(output).toContain(name);
  });

  test("needs no framework", async () => {
    const { url, output } = await start("node.mjs", snippet("node"), VARIABLES);
    expect(output).toBe("");
    expect((await plainRequest(url, "/", {})).body).toContain('<a href="/auth/login">Sign in</a>');
    expect((await plainRequest(url, "/auth/me", {})).body).toBe('{"user":null}');
    expect((await plainRequest(url, "/invoices", {})).status).toBe(401);
    const headers = { cookie: await alice() };
    expect((await plainRequest(url, "/invoices", { headers })).body).toBe("The invoices of alice");
  });

  test("an app that calls an API works as shown", async () => {
    const { url } = await start("api.mjs", snippet("api"), VARIABLES);
    expect((await plainRequest(url, "/shows", {})).status).toBe(401);
  });
});

test("on the edge, the response for an error sets the cookies that the handler wrote before it threw", async () => {
  const provider = await createTestProvider();
  const { fetch } = globalThis;
  const before = { ...process.env };
  globalThis.fetch = provider.fetch;
  Object.assign(process.env, VARIABLES, { LATCHKEY_ISSUER: provider.issuer });
  const quiet = vi.spyOn(console, "error").mockImplementation(() => {});
  const { now } = Date;
  let ahead = 0;
  Date.now = () => now() + ahead;
  try {
    writeFileSync(join(folder, "report.js"), 'export function report() { throw new Error("no report"); }');
    writeFileSync(join(folder, "finish.js"), snippet("edge-finish"));
    const { default: app } = await import(pathToFileURL(join(folder, "finish.js")).href);
    const jar = createCookieJar();
    const open = async (url: string): Promise<Response> => {
      const response = await app.fetch(new Request(url, { headers: { cookie: jar.header(url) } }));
      jar.store(response, url);
      return response;
    };
    const login = await open("http://localhost:3000/auth/login");
    const { url } = await provider.authorize(String(login.headers.get("location")));
    await open(url);
    // The access token is due ten seconds before it expires.
    ahead = 3_590_000;
    const failed = await open("http://localhost:3000/report");
    expect([failed.status, await failed.text()]).toEqual([500, "Something went wrong."]);
    expect(failed.headers.getSetCookie().some((line) => line.includes(".tok.0="))).toBe(true);
    expect(quiet).toHaveBeenCalledOnce();
  } finally {
    quiet.mockRestore();
    Date.now = now;
    globalThis.fetch = fetch;
    process.env = before;
  }
});

describe("the quick start on the edge", () => {
  /** The `env` of a runtime in the table of the guide. */
  const envOn = (runtime: string) =>
    new RegExp(`^\\| ${runtime} \\|.*\\| (?:\`env\`, by )?\`(.+)\` \\|$`, "m").exec(
      documentAt("docs/guides/edge.md"),
    )?.[1] as string;
  const edge = snippet("edge");

  /** Writes the example for a runtime into the user's folder. Returns the command that serves it. */
  const runs: Record<string, (port: number) => Promise<[string, string[]]> | [string, string[]]> = {
    Bun() {
      writeFileSync(join(folder, "bun.js"), edge.replace("process.env", envOn("Bun")));
      return [bin("bun"), ["bun.js"]];
    },
    Deno(port) {
      writeFileSync(join(folder, "deno.js"), edge.replace("process.env", envOn("Deno")));
      return [bin("deno"), ["serve", "-A", "--host", "127.0.0.1", "--port", String(port), "deno.js"]];
    },
    async "Cloudflare Workers"(port) {
      const [source, outfile] = [join(folder, "source.js"), join(folder, "worker.js")];
      writeFileSync(source, `${envOn("Cloudflare Workers")};\n${edge.replace("env: process.env", "env")}`);
      const conditions = ["workerd", "worker", "browser"];
      await build({
        entryPoints: [source],
        outfile,
        bundle: true,
        format: "esm",
        conditions,
        external: ["cloudflare:*"],
      });
      copyFileSync(join(root, "examples/worker/config.capnp"), join(folder, "config.capnp"));
      return [bin("workerd"), ["serve", "config.capnp", `--socket-addr=http=127.0.0.1:${port}`]];
    },
    Hono() {
      writeFileSync(join(folder, "hono.js"), snippet("hono"));
      return [bin("bun"), ["hono.js"]];
    },
  };

  test.each(Object.entries(runs))(
    "works on %s: a link to sign in, a page that requires a session, and the routes",
    async (_on, run) => {
      const port = await freePort();
      const variables = { ...VARIABLES, PORT: String(port) };
      running.push(await startServer(await run(port), port, variables, folder));
      const url = `http://127.0.0.1:${port}`;
      expect((await plainRequest(url, "/", {})).body).toContain('<a href="/auth/login">Sign in</a>');
      const page = await plainRequest(url, "/invoices", { headers: { accept: "text/html" } });
      expect([page.status, page.headers.location]).toEqual([
        302,
        "http://localhost:3000/auth/login?returnTo=%2Finvoices",
      ]);
      expect((await plainRequest(url, "/invoices", {})).status).toBe(401);
      expect((await plainRequest(url, "/auth/me", {})).body).toBe('{"user":null}');
      expect((await plainRequest(url, "/auth/login", {})).status).toBe(503);
    },
  );
});

describe("an API that takes access tokens", () => {
  /** Starts a provider on a port. Returns the variables that name it, and a valid Authorization header. */
  async function startProvider() {
    const port = await freePort();
    const issuer = `http://127.0.0.1:${port}`;
    const provider = await createTestProvider({ issuer });
    const server = createServer(async (req, res) => send(await provider.fetch(issuer + req.url), res));
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    servers.push(server);
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: issuer, sub: "alice", aud: "https://api.example", exp: now + 60, scope: "read:shows" };
    return {
      variables: { LATCHKEY_ISSUER: issuer, LATCHKEY_AUDIENCE: "https://api.example" },
      authorization: `Bearer ${await provider.sign(claims)}`,
    };
  }

  /** The responses of the API to a request without a token, and to Alice's. */
  async function responsesOf(url: string, authorization: string) {
    const responses = [
      await plainRequest(url, "/shows", {}),
      await plainRequest(url, "/shows", { headers: { authorization } }),
    ];
    return responses.map(({ status, body }) => [status, body]);
  }
  const expected = [
    [401, '{"error":"no_token"}'],
    [200, '{"for":"alice"}'],
  ];

  test("in Express", async () => {
    const { variables, authorization } = await startProvider();
    const { url, output } = await start("protected.mjs", snippet("protected-express"), variables);
    expect(output).toBe("");
    expect(await responsesOf(url, authorization)).toEqual(expected);
  });

  test.each(["LATCHKEY_ISSUER", "LATCHKEY_AUDIENCE"])("without %s it does not start", async (name) => {
    const { variables } = await startProvider();
    const { [name]: _missing, ...others } = variables as Record<string, string>;
    const { url, output } = await start(`protected-without-${name}.mjs`, snippet("protected-express"), others);
    expect(url).toBe("");
    expect(output).toContain(name);
  });

  test("on the edge", async () => {
    const { variables, authorization } = await startProvider();
    const port = await freePort();
    writeFileSync(join(folder, "protected.js"), snippet("protected-edge"));
    const environment = { ...variables, PORT: String(port) };
    running.push(await startServer([bin("bun"), ["protected.js"]], port, environment, folder));
    expect(await responsesOf(`http://127.0.0.1:${port}`, authorization)).toEqual(expected);
  });

  test("as a route handler of Next", async () => {
    const { variables, authorization } = await startProvider();
    const code = `${snippet("protected-next")}
      import express from "express";
      const app = express();
      app.use(async ({ headers }, res) => {
        const answer = await GET(new Request("https://api.example/shows", { headers }));
        res.status(answer.status).send(await answer.text());
      });
      app.listen(3000);`;
    const { url, output } = await start("protected-next.mjs", code, variables);
    expect(output).toBe("");
    expect(await responsesOf(url, authorization)).toEqual(expected);
  });
});

describe("an API that requires more of an access token", () => {
  const AUDIENCE = "https://api.example";
  const now = () => Math.floor(Date.now() / 1000);
  /** Answers of the introspection endpoint, by token. */
  const opaque: Record<string, object> = {
    active: { active: true, sub: "alice", aud: AUDIENCE, token_type: "Bearer", exp: now() + 300 },
  };

  /** Starts a provider with an introspection endpoint. */
  async function startProvider(path = "", signingAlg: "RS256" | "ES256" = "RS256") {
    const port = await freePort();
    const issuer = `http://127.0.0.1:${port}${path}`;
    const provider = await createTestProvider({ issuer, signingAlg });
    const server = createServer(async (req, res) => {
      const url = `http://127.0.0.1:${port}${req.url}`;
      if (req.url === "/introspect") {
        let body = "";
        for await (const part of req) body += part;
        return send(Response.json(opaque[new URLSearchParams(body).get("token") ?? ""] ?? { active: false }), res);
      }
      const response = await provider.fetch(url);
      if (!url.endsWith("openid-configuration")) return send(response, res);
      const endpoint = { introspection_endpoint: `http://127.0.0.1:${port}/introspect` };
      return send(Response.json({ ...(await response.json()), ...endpoint }), res);
    });
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    servers.push(server);
    const tokenWith = (claims: object) =>
      provider.sign({ iss: issuer, sub: "alice", aud: AUDIENCE, exp: now() + 60, ...claims });
    return { issuer, tokenWith };
  }

  /** Starts the API of a block of the page, with other texts in the place of some. Returns a function that calls it. */
  async function startApi(name: string, replaced: Record<string, string>, port?: number) {
    let code = snippet(name);
    for (const [text, other] of Object.entries(replaced)) code = code.replaceAll(`"${text}"`, JSON.stringify(other));
    const server = `import express from "express";
      const app = express();
      app.get("/shows", verify, (req, res) => res.json({ for: req.accessToken.claims.sub }));
      app.listen(3000);`;
    const variables = { API_SECRET: "api-secret" };
    const { url, output } = await start(`${name}.mjs`, `${code}\n${server}`, variables, port);
    expect(output).toBe("");
    return async (token: string, headers: Record<string, string> = { authorization: `Bearer ${token}` }) => {
      const { status, body } = await plainRequest(url, "/shows", { headers });
      return [status, JSON.parse(body).error ?? JSON.parse(body).for];
    };
  }
  const accepted = [200, "alice"];

  test("claims", async () => {
    const { issuer, tokenWith } = await startProvider();
    const call = await startApi("protected-claims", { "https://op.example": issuer });
    expect(await call(await tokenWith({ roles: ["admin"], email_verified: true }))).toEqual(accepted);
    expect(await call(await tokenWith({ roles: ["admin"] }))).toEqual([403, "insufficient_scope"]);
  });

  test("several providers", async () => {
    const [work, home] = [await startProvider(), await startProvider("/", "ES256")];
    const replaced = { "https://work.example": work.issuer, "https://home.example/": home.issuer };
    const call = await startApi("protected-issuers", replaced);
    expect(await call(await work.tokenWith({}))).toEqual(accepted);
    expect(await call(await home.tokenWith({ aud: "shows" }))).toEqual(accepted);
    expect(await call(await home.tokenWith({}))).toEqual([401, "invalid_token"]);
  });

  test("a client in the place of the audience", async () => {
    const { issuer, tokenWith } = await startProvider();
    const call = await startApi("protected-client-ids", { "https://op.example": issuer });
    const claims = { aud: undefined, client_id: "1example23456789", token_use: "access" };
    expect(await call(await tokenWith(claims))).toEqual(accepted);
    expect(await call(await tokenWith({ ...claims, client_id: "other" }))).toEqual([401, "invalid_token"]);
    expect(await call(await tokenWith({ aud: claims.client_id, token_use: "id" }))).toEqual([401, "invalid_token"]);
  });

  test("tokens that are no JWT", async () => {
    const { issuer } = await startProvider();
    const call = await startApi("protected-opaque", { "https://op.example": issuer });
    expect(await call("active")).toEqual(accepted);
    expect(await call("revoked")).toEqual([401, "invalid_token"]);
  });

  test("a fresh sign-in with two factors", async () => {
    const { issuer, tokenWith } = await startProvider();
    const call = await startApi("protected-step-up", { "https://op.example": issuer });
    const acr = "urn:example:two-factors";
    expect(await call(await tokenWith({ acr, auth_time: now() }))).toEqual(accepted);
    expect(await call(await tokenWith({ acr, auth_time: now() - 600 }))).toEqual([
      401,
      "insufficient_user_authentication",
    ]);
  });

  test("tokens that are bound to a key", async () => {
    const { issuer, tokenWith } = await startProvider();
    const port = await freePort();
    const baseUrl = `http://127.0.0.1:${port}`;
    const code = { "https://op.example": issuer };
    const call = await startApi("protected-dpop", code, port);
    const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
    const jwk = await exportJWK(publicKey);
    const token = await tokenWith({ cnf: { jkt: await calculateJwkThumbprint(jwk) } });
    const ath = createHash("sha256").update(token).digest("base64url");
    const proofFor = (htu: string) =>
      new SignJWT({ htm: "GET", htu, iat: now(), jti: htu, ath })
        .setProtectedHeader({ alg: "ES256", typ: "dpop+jwt", jwk })
        .sign(privateKey);
    const headers = async (htu: string) => ({ authorization: `DPoP ${token}`, dpop: await proofFor(htu) });
    expect(await call(token, await headers("https://api.example/shows"))).toEqual(accepted);
    expect(await call(token, await headers(`${baseUrl}/shows`))).toEqual([401, "invalid_dpop_proof"]);
    expect(await call(token)).toEqual([401, "no_token"]);
  });
});

describe("an MCP server", () => {
  test("in Express: the official client registers itself, a user signs in, and the client calls a tool", async () => {
    const { callTool } = await import("../../examples/mcp/client.js");
    const { signInBySelf } = await import("../../examples/mcp/sign-in.js");
    const { startProvider } = await import("../../examples/demo/provider.js");
    const port = await freePort();
    const resource = `http://127.0.0.1:${port}/mcp`;
    const provider = await startProvider({ clients: [], apis: { [resource]: "shows:read" }, registration: true });
    const variables = { LATCHKEY_ISSUER: provider.issuer, LATCHKEY_AUDIENCE: resource };
    const { output } = await start("mcp.mjs", snippet("mcp-express"), variables, port);
    expect(output).toBe("");
    let arrived = (_parameters: URLSearchParams): void => {};
    const callback = createServer((req, res) => {
      arrived(new URL(req.url ?? "/", "http://127.0.0.1").searchParams);
      res.end();
    });
    servers.push(callback);
    await new Promise<void>((resolve) => callback.listen(0, "127.0.0.1", resolve));
    const redirectUri = `http://127.0.0.1:${(callback.address() as AddressInfo).port}/callback`;
    const signIn = (to: URL) => {
      const parameters = new Promise<URLSearchParams>((resolve) => {
        arrived = resolve;
      });
      return signInBySelf(to, provider.issuer).then(() => parameters);
    };
    const { tools, result } = await callTool(resource, redirectUri, signIn);
    expect([tools, result.content]).toEqual([["tonight"], [{ type: "text", text: "ada: The Sky Tonight" }]]);
    const other = await plainRequest(`http://127.0.0.1:${port}`, "/mcp", { method: "POST" });
    expect([other.status, other.headers["www-authenticate"]]).toEqual([
      401,
      `Bearer realm="api", scope="shows:read", resource_metadata="http://127.0.0.1:${port}/.well-known/oauth-protected-resource/mcp"`,
    ]);
    await provider.close();
  });

  test("in Next: the route handler has the metadata", async () => {
    const code = `${snippet("mcp-next")}
      const at = (path) => GET(new Request("https://mcp.example" + path));
      const found = at("/.well-known/oauth-protected-resource/mcp");
      console.log((await found.json()).resource, at("/.well-known/oauth-protected-resource").status, typeof OPTIONS);`;
    writeFileSync(join(folder, "mcp-next.mjs"), code);
    const output = execFileSync(process.execPath, ["mcp-next.mjs"], { cwd: folder, encoding: "utf8" });
    expect(output).toBe("https://mcp.example/mcp 404 function\n");
  });
});

test("sessions alone: a cart grows from one request to the next, and no cache may keep it", async () => {
  const code = `process.env.LATCHKEY_SECRET = "a secret of at least thirty-two characters";
    ${snippet("sessions")}
    const first = await handler(new Request("https://app.example/"));
    const cookie = first.headers.getSetCookie().map((line) => line.split(";")[0]).join("; ");
    const second = await handler(new Request("https://app.example/", { headers: { cookie } }));
    console.log([await first.text(), await second.text(), first.headers.get("cache-control")].join());`;
  writeFileSync(join(folder, "sessions.mjs"), code);
  const output = execFileSync(process.execPath, ["sessions.mjs"], { cwd: folder, encoding: "utf8" });
  expect(output).toBe("Books: 1,Books: 2,private, no-store\n");
});

describe("the guides", () => {
  test("the app's own data is written and read", async () => {
    const { url, output } = await start("data.mjs", snippet("session-data"), VARIABLES);
    expect(output).toBe("");
    const jar = createCookieJar();
    const cookie = await alice();
    const written = await plainRequest(url, "/theme/dark", { method: "POST", headers: { cookie } });
    expect(written.status).toBe(204);
    const lines = [written.headers["set-cookie"] ?? []].flat();
    jar.store(new Response(null, { headers: lines.map((line): [string, string] => ["set-cookie", line]) }), url);
    const writtenNames = new Set(lines.map((line) => line.split("=")[0]));
    const others = cookie.split("; ").filter((pair) => !writtenNames.has(pair.split("=")[0]));
    const after = [...others, jar.header(url)].filter(Boolean).join("; ");
    expect((await plainRequest(url, "/theme", { headers: { cookie: after } })).body).toBe('"dark"');
    expect((await plainRequest(url, "/theme", { headers: { cookie } })).body).toBe('"light"');
  });

  test("req.auth has the session or the reason why there is none, and starts a sign-in", async () => {
    const { url, output } = await start("req-auth.mjs", snippet("req-auth"), VARIABLES);
    expect(output).toBe("");
    expect((await plainRequest(url, "/", {})).body).toBe("Not signed in: no cookie");
    const cookie = await alice();
    expect((await plainRequest(url, "/", { headers: { cookie } })).body).toBe("Hello alice");
    expect((await plainRequest(url, "/visits", { method: "POST", headers: { cookie } })).status).toBe(204);
    // The provider does not exist.
    expect((await plainRequest(url, "/sign-in-again", {})).status).toBe(503);
  });

  test("a handler behind a guard in Express reads the user", async () => {
    const code = `${snippet("typed-express")}\napp.listen(3000);`;
    const { url } = await start("typed-express.mjs", code, VARIABLES);
    const { body } = await plainRequest(url, "/users/7", { headers: { cookie: await alice() } });
    expect(JSON.parse(body)).toEqual({ id: "7", user: "alice" });
  });

  test.each(["registered", "typed-data", "own-functions"])("typed data on the edge is read: %s", async (name) => {
    const code = `${snippet(name)}
      const headers = { cookie: process.env.COOKIE };
      console.log(await (await handler(new Request("http://localhost:3000/", { headers }))).text());`;
    writeFileSync(join(folder, `${name}.mjs`), code);
    const env = { ...process.env, ...VARIABLES, COOKIE: await alice() };
    expect(execFileSync(process.execPath, [`${name}.mjs`], { cwd: folder, encoding: "utf8", env })).toBe("[]\n");
  });

  test("onSignIn shapes the user and the data of a new session", async () => {
    const provider = await createTestProvider({
      user: { sub: "alice", name: "Alice", email: "alice@example.com", "https://app.example/roles": ["admin"] },
    });
    const { fetch } = globalThis;
    const before = { ...process.env };
    globalThis.fetch = provider.fetch;
    Object.assign(process.env, VARIABLES, { LATCHKEY_ISSUER: provider.issuer });
    try {
      writeFileSync(join(folder, "on-sign-in.mjs"), snippet("on-sign-in"));
      const { signIn } = await import(pathToFileURL(join(folder, "on-sign-in.mjs")).href);
      const server = createServer((req: IncomingMessage & { auth?: RequestAuth }, res) =>
        signIn(req, res, () => res.end(JSON.stringify(req.auth?.session))),
      );
      servers.push(server);
      const port = await freePort();
      await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
      const url = `http://127.0.0.1:${port}`;
      const cookiesOf = ({ headers }: { headers: Record<string, unknown> }) =>
        [headers["set-cookie"] ?? []].flat().map((line) => String(line).split(";")[0]);
      const login = await plainRequest(url, "/auth/login", {});
      const callback = new URL((await provider.authorize(String(login.headers.location))).url);
      const cookie = cookiesOf(login).join("; ");
      const home = await plainRequest(url, callback.pathname + callback.search, { headers: { cookie } });
      const page = await plainRequest(url, "/", { headers: { cookie: cookiesOf(home).join("; ") } });
      const { user, data } = JSON.parse(page.body);
      expect(user).toEqual({ sub: "alice", name: "Alice", roles: ["admin"] });
      expect(data).toEqual({ theme: "light" });
    } finally {
      globalThis.fetch = fetch;
      process.env = before;
    }
  });

  test("a sealed value opens only for its purpose", () => {
    writeFileSync(join(folder, "sealer.mjs"), snippet("sealer"));
    const env = { ...process.env, ...VARIABLES };
    const output = execFileSync(process.execPath, ["sealer.mjs"], { cwd: folder, encoding: "utf8", env });
    expect(output).toBe("{ invited: 'alice@example.com' }\n");
  });

  const programs = ["on-event", "auth0", "callback-path", "private-key-jwt", "init-auth0"];
  const onFailures = ["on-failure", "translated-error-page", "silent-sign-in"];
  test.each([...programs, ...onFailures])("%s is a program that starts", (name) => {
    writeFileSync(join(folder, `${name}.mjs`), snippet(name));
    const variables = {
      AUTH0_CLIENT_ID: "client",
      AUTH0_CLIENT_SECRET: "secret",
      SESSION_COOKIE_SECRET: VARIABLES.LATCHKEY_SECRET,
      CLIENT_KEY: clientKey(),
    };
    const env = { ...process.env, ...VARIABLES, ...variables };
    expect(execFileSync(process.execPath, [`${name}.mjs`], { cwd: folder, encoding: "utf8", env })).toBe("");
  });
});

describe("React", () => {
  /** Runs a program with JSX, which imports these files. */
  async function run(program: string, files: Record<string, string>): Promise<string> {
    for (const [path, code] of Object.entries(files)) writeFileSync(join(folder, path), code);
    const outfile = join(folder, "react.mjs");
    const stdin = { contents: program, loader: "jsx" as const, resolveDir: folder };
    const kind = { bundle: true, format: "esm", platform: "node", packages: "external", jsx: "automatic" } as const;
    const alias = { "@": folder };
    await build({ stdin, outfile, alias, loader: { ".js": "jsx" }, logLevel: "silent", ...kind });
    return execFileSync(process.execPath, [outfile], { cwd: folder, encoding: "utf8" });
  }

  test.each(["react-page", "react-quick-start", "react-vite"])(
    "%s renders on a server, where the user is not known yet",
    async (name) => {
      const program = `import { renderToString } from "react-dom/server";
      import App from "./page.js";
      console.log(renderToString(<App />));`;
      expect(await run(program, { "page.js": snippet(name) })).toBe("<p>One moment.</p>\n");
    },
  );

  test("a static site renders its children during the build", async () => {
    const [file] = filesOf("static-site");
    const program = `import { renderToString } from "react-dom/server";
      import { Providers } from "./providers.js";
      console.log(renderToString(<Providers><p>Hello</p></Providers>));`;
    expect(await run(program, { "providers.js": toJavaScript(file?.code ?? "") })).toBe("<p>Hello</p>\n");
  });

  test("a layout that reads the session shows its user in the first render, and nothing else of it", async () => {
    mkdirSync(join(folder, "app"));
    const program = `import { prerender } from "react-dom/static";
      import { auth } from "@/auth";
      import Layout from "./app/layout.js";
      import { Hello } from "./app/hello.js";
      for (const session of [{ id: "secret", user: { name: "Alice" }, inactiveAt: Infinity, endsAt: 1 }, null]) {
        auth.getSession = async () => session;
        const { prelude } = await prerender(<Layout><Hello /></Layout>);
        console.log((await new Response(prelude).text()).replaceAll("<!-- -->", ""));
      }`;
    const output = await run(program, {
      "auth.js": "export const auth = {};",
      ...Object.fromEntries(
        filesOf("react-session").map(({ path, code }) => [path.replace(".tsx", ".js"), toJavaScript(code)]),
      ),
    });
    expect(output).toContain("<p>Hello Alice</p>");
    expect(output).toContain('<a href="/auth/login">Sign in</a>');
    expect(output).not.toContain("secret");
  });
});

test("an endpoint says that the provider cannot be reached", async () => {
  const { url } = await start("health.mjs", snippet("check-setup"), VARIABLES);
  const { status, body } = await plainRequest(url, "/health", {});
  const findings = JSON.parse(body) as ReadonlyArray<{ check: string; status: string }>;
  expect([status, findings.map((finding) => `${finding.check} ${finding.status}`)]).toEqual([
    503,
    ["options ok", "issuer failed"],
  ]);
});

test("testing: a request with a minted cookie is signed in", async () => {
  const code = `${snippet("testing")}
    const { app, cookie } = await createTestApp();
    const server = app.listen(0, "127.0.0.1", async () => {
      const url = "http://127.0.0.1:" + server.address().port;
      const answers = [await fetch(url + "/invoices"), await fetch(url + "/invoices", { headers: { cookie } })];
      console.log(answers.map(({ status }) => status).join(), await answers[1].text());
      server.close();
    });`;
  writeFileSync(join(folder, "testing.mjs"), code);
  const output = execFileSync(process.execPath, ["testing.mjs"], { cwd: folder, encoding: "utf8" });
  expect(output).toBe('401,200 {"user":{"sub":"alice","name":"Alice"}}\n');
});

describe("a store", () => {
  const execute = promisify(execFile);

  /** Runs a program that a page shows and then checks its `store`. Resolves to what it prints. */
  async function run(name: string, rest: string, variables: Record<string, string> = {}): Promise<string> {
    const code = `import { createServer } from "node:http";
      import * as testing from "latchkey/testing";
      ${snippet(name)}
      /** Whom a request with a session in cookies belongs to; each looks in the store whether the user was signed out. */
      async function userOf(middleware) {
        const { LATCHKEY_ISSUER: issuer, LATCHKEY_CLIENT_ID: clientId, ...env } = process.env;
        const options = { issuer, clientId, secret: env.LATCHKEY_SECRET, baseUrl: env.LATCHKEY_BASE_URL };
        const cookie = await testing.mintSession({ ...options, user: { sub: "alice" } });
        const server = createServer((req, res) =>
          middleware(req, res, () => res.end(req.auth.session?.user.sub ?? req.auth.reason)));
        await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
        const response = await fetch("http://127.0.0.1:" + server.address().port, { headers: { cookie } });
        const user = await response.text();
        server.close().closeAllConnections();
        return user;
      }
      ${rest}`;
    writeFileSync(join(folder, `${name}.mjs`), code);
    const env = { ...process.env, ...VARIABLES, ...variables };
    const { stdout } = await execute(process.execPath, [`${name}.mjs`], { cwd: folder, env });
    return stdout;
  }

  describe.skipIf(!installed.redis)("in Redis (needs redis-server)", () => {
    let redis: DatabaseServer;
    beforeAll(async () => {
      redis = await startRedis();
    });
    afterAll(() => redis?.stop());

    test("keeps its contract, and requests look in it", async () => {
      const rest = "await testing.checkStore(store); console.log(await userOf(signIn)); redis.disconnect();";
      const variables = { REDIS_URL: `redis://127.0.0.1:${redis.port}` };
      expect(await run("store-redis", rest, variables)).toBe("alice\n");
    });

    test("keeps its contract over Upstash's REST API", async () => {
      const upstash = await startUpstash(redis);
      const variables = { UPSTASH_REDIS_REST_URL: upstash.url, UPSTASH_REDIS_REST_TOKEN: upstash.token };
      try {
        const rest = 'await testing.checkStore(store); console.log("kept");';
        expect(await run("store-upstash", rest, variables)).toBe("kept\n");
      } finally {
        await upstash.stop();
      }
    });
  });

  test.skipIf(!installed.postgres)(
    "in Postgres, with the tables that the command makes, keeps its contract (needs postgresql)",
    async () => {
      const postgres = await startPostgres();
      try {
        const command = [join(root, "dist/cli.js"), "schema", "postgres"];
        const schema = execFileSync(process.execPath, command, { encoding: "utf8" });
        const rest = `await pool.query(process.env.SCHEMA);
          await testing.checkStore(postgresStore(pool));
          console.log(await userOf(signIn));
          await pool.end();`;
        const url = `postgres://postgres@127.0.0.1:${postgres.port}/postgres`;
        expect(await run("store-postgres", rest, { DATABASE_URL: url, SCHEMA: schema })).toBe("alice\n");
      } finally {
        await postgres.stop();
      }
    },
  );

  test("of one's own is checked", async () => {
    expect(await run("own-store", 'console.log("kept");')).toBe("kept\n");
  });

  /** What a program exports that a page shows, with a provider that answers; and browsers of its users. */
  async function withProvider(
    name: string,
    use: (exported: Record<string, Middleware>, provider: TestProvider) => Promise<void>,
  ): Promise<void> {
    const provider = await createTestProvider({ clientId: VARIABLES.LATCHKEY_CLIENT_ID });
    const { fetch } = globalThis;
    const before = { ...process.env };
    globalThis.fetch = provider.fetch;
    Object.assign(process.env, VARIABLES, { LATCHKEY_ISSUER: provider.issuer });
    try {
      writeFileSync(join(folder, `${name}.mjs`), snippet(name));
      await use(await import(pathToFileURL(join(folder, `${name}.mjs`)).href), provider);
    } finally {
      globalThis.fetch = fetch;
      process.env = before;
    }
  }

  /** Serves an app. Returns its URL. */
  async function serve(listener: RequestListener): Promise<string> {
    const server = createServer(listener);
    servers.push(server);
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    return `http://127.0.0.1:${port}`;
  }

  /** The same, with a page that shows who is signed in. */
  const servePage = (signIn: Middleware) =>
    serve((req: IncomingMessage & { auth?: RequestAuth }, res) =>
      signIn(req, res, () => res.end(req.auth?.session?.user.sub ?? `nobody: ${req.auth?.reason}`)),
    );

  /** Signs the provider's user in. Resolves to the Cookie header of the browser. */
  async function signInAt(url: string, provider: TestProvider): Promise<string> {
    const cookiesOf = ({ headers }: { headers: Record<string, unknown> }) =>
      [headers["set-cookie"] ?? []]
        .flat()
        .map((line) => String(line).split(";")[0])
        .join("; ");
    const login = await plainRequest(url, "/auth/login", {});
    const callback = new URL((await provider.authorize(String(login.headers.location))).url);
    const headers = { cookie: cookiesOf(login) };
    return cookiesOf(await plainRequest(url, callback.pathname + callback.search, { headers }));
  }

  test("has the sessions, and their cookies are short", async () => {
    await withProvider("store", async ({ signIn }, provider) => {
      const url = await servePage(signIn as Middleware);
      const cookie = await signInAt(url, provider);
      expect(cookie.length).toBeLessThan(500);
      expect((await plainRequest(url, "/", { headers: { cookie } })).body).toBe("alice");
      const headers = { cookie, "sec-fetch-site": "same-origin" };
      expect((await plainRequest(url, "/auth/logout", { method: "POST", headers })).status).toBe(303);
      expect((await plainRequest(url, "/", { headers: { cookie } })).body).toBe("nobody: revoked");
    });
  });

  test("is read by the requests that go through `auth()`, and by no others", async () => {
    const rest = `
      const { createMemoryStore, createStore } = await import("latchkey");
      let reads = 0;
      const memory = createMemoryStore();
      const store = createStore({ ...memory, get: (key) => (reads++, memory.get(key)) });
      const { LATCHKEY_ISSUER: issuer, LATCHKEY_CLIENT_ID: clientId, ...env } = process.env;
      const options = { issuer, clientId, secret: env.LATCHKEY_SECRET, baseUrl: env.LATCHKEY_BASE_URL };
      const session = { storage: "store" };
      const user = { sub: "alice", name: "Alice" };
      const cookie = await testing.mintSession({ ...options, session, store: memory, user });
      const server = createServer(createApp(store));
      await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
      for (const path of ["/health", "/about", "/account", "/auth/me"]) {
        reads = 0;
        const response = await fetch("http://127.0.0.1:" + server.address().port + path, { headers: { cookie } });
        console.log(path, response.status, reads);
      }
      server.close().closeAllConnections();`;
    expect(await run("store-reads", rest)).toBe("/health 200 0\n/about 200 0\n/account 200 1\n/auth/me 200 1\n");
  });

  test("lists the sessions of a user, and signs the others out", async () => {
    await withProvider("store-sign-out", async ({ app }, provider) => {
      const url = await serve(app as unknown as RequestListener);
      const [first, second] = [await signInAt(url, provider), await signInAt(url, provider)];
      const listed = async (cookie: string) => plainRequest(url, "/sessions", { headers: { cookie } });
      expect(JSON.parse((await listed(first)).body)).toEqual([
        { id: expect.any(String), beganAt: expect.any(Number), endsAt: expect.any(Number) },
        { id: expect.any(String), beganAt: expect.any(Number), endsAt: expect.any(Number) },
      ]);
      const signOut = await plainRequest(url, "/sign-out-others", { method: "POST", headers: { cookie: first } });
      expect(signOut.body).toBe('{"done":true}');
      expect((await listed(second)).status).toBe(401);
      expect(JSON.parse((await listed(first)).body)).toHaveLength(1);
    });
  });

  test("ends sessions when the provider says so", async () => {
    await withProvider("store-backchannel", async ({ signIn }, provider) => {
      const url = await servePage(signIn as Middleware);
      const cookie = await signInAt(url, provider);
      const now = Math.floor(Date.now() / 1000);
      const claims = {
        iss: provider.issuer,
        aud: provider.clientId,
        sub: "alice",
        jti: "once",
        iat: now,
        exp: now + 60,
      };
      const events = { "http://schemas.openid.net/event/backchannel-logout": {} };
      const token = await provider.sign({ ...claims, events }, { typ: "logout+jwt" });
      const post = () =>
        plainRequest(url, "/auth/backchannel-logout", {
          method: "POST",
          headers: { "content-type": "application/x-www-form-urlencoded" },
          body: new URLSearchParams({ logout_token: token }).toString(),
        });
      expect((await post()).status).toBe(200);
      expect((await plainRequest(url, "/", { headers: { cookie } })).body).toBe("nobody: revoked");
      expect((await post()).status).toBe(400);
    });
  });
});

test("every command that is shown exists", () => {
  const shown = [...all.matchAll(/npm (?:run )?(\w+(?::\w+)*)/g)].map(([, name]) => name as string);
  // `npm run dev` is a script that create-next-app writes.
  const builtIn = new Set(["ci", "init", "install", "pkg", "run", "dev"]);
  for (const name of shown) expect(builtIn.has(name) || name in scripts, name).toBe(true);
  const secret = () => execFileSync(process.execPath, [join(root, "dist/cli.js"), "secret"], { encoding: "utf8" });
  expect(secret()).toMatch(/^[\w-]{43}\n$/);
  expect(secret()).not.toBe(secret());
});

test("every part of the bench has its page among the results", () => {
  const page = documentAt("docs/understand/performance.md");
  const parts = /PARTS = \[(.+)\]/.exec(readFileSync(join(root, "bench/run.js"), "utf8"))?.[1]?.match(/[\w-]+/g) ?? [];
  expect(parts).toHaveLength(7);
  for (const part of parts) expect(page).toContain(`bench/results/${part}.md`);
});

test("every example that is shown exists, and the other way round", () => {
  const [, first, others] = /^npm run example -- ([\w-]+) +# or: (.+)$/m.exec(all) as unknown as [
    string,
    string,
    string,
  ];
  const usage = spawnSync(process.execPath, [join(root, "examples/start.js")], { encoding: "utf8" }).stderr;
  const known = usage.trim().split("    ").at(-1)?.split(", ");
  expect([first, ...others.split(", ")].sort()).toEqual(known?.sort());
});

test("the README has 200 lines at most", () => {
  expect(readme.split("\n").length - 1).toBeLessThanOrEqual(200);
});

describe("the app on AWS Lambda", () => {
  type Result = {
    statusCode: number;
    body: string;
    headers?: object;
    cookies?: string[];
    multiValueHeaders?: Record<string, string[]>;
  };
  let handler: (event: object) => Promise<Result>;
  let cookie: string;

  beforeAll(async () => {
    const before = process.env;
    process.env = { ...before, ...VARIABLES, LATCHKEY_BASE_URL: "https://app.example" };
    writeFileSync(join(folder, "lambda.js"), snippet("lambda"));
    ({ handler } = await import(pathToFileURL(join(folder, "lambda.js")).href));
    process.env = before;
    const { LATCHKEY_ISSUER: issuer, LATCHKEY_CLIENT_ID: clientId, LATCHKEY_SECRET: secret } = VARIABLES;
    cookie = await mintSession({ issuer, clientId, secret, user: { sub: "alice", bulk: "x".repeat(5_000) } });
  });

  /** An event of each kind for the same request. */
  const events: Record<string, (method: string, path: string, headers: Record<string, string>) => object> = {
    "a REST API of API Gateway": (httpMethod, path, headers) => ({
      requestContext: { stage: "prod" },
      httpMethod,
      path,
      headers,
      multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
      multiValueQueryStringParameters: { q: ["a b", "c&d"] },
      body: null,
    }),
    "an HTTP API of API Gateway": (method, rawPath, { cookie: cookies, ...headers }) => ({
      version: "2.0",
      requestContext: { http: { method } },
      rawPath,
      rawQueryString: "q=a%20b&q=c%26d",
      headers,
      ...(cookies ? { cookies: cookies.split("; ") } : {}),
    }),
    "a load balancer": (httpMethod, path, headers) => ({
      requestContext: { elb: { targetGroupArn: "arn" } },
      httpMethod,
      path,
      multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
      multiValueQueryStringParameters: { q: ["a%20b", "c%26d"] },
      body: "",
    }),
  };
  const textOf = ({ body }: Result) => Buffer.from(body, "base64").toString();

  test.each(Object.entries(events))(
    "behind %s: reads the session, signs out with several cookies, keeps the query",
    async (_kind, event) => {
      const headers = { host: "app.example", "sec-fetch-mode": "navigate", "sec-fetch-site": "same-origin" };
      const visitor = await handler(event("GET", "/page", headers));
      expect(decodeURIComponent(textOf(visitor))).toContain("returnTo=https://app.example/page?q=a%20b&q=c%26d");
      const page = await handler(event("GET", "/", { ...headers, cookie }));
      expect([page.statusCode, textOf(page)]).toEqual([200, expect.stringContaining("Signed in.")]);
      const quiet = vi.spyOn(console, "error").mockImplementation(() => {});
      const left = await handler(event("POST", "/auth/logout", { ...headers, cookie }));
      quiet.mockRestore();
      const { cookies = left.multiValueHeaders?.["set-cookie"] } = left;
      expect(left.statusCode).toBe(303);
      expect(cookies?.length).toBeGreaterThan(2);
      expect(Object.keys(left.headers ?? {})).not.toContain("set-cookie");
    },
  );

  test("behind a load balancer without multi-value headers an error names the setting", async () => {
    const event = { requestContext: { elb: {} }, httpMethod: "GET", path: "/", headers: { host: "app.example" } };
    await expect(handler(event)).rejects.toThrow("Turn on multi-value headers in the target group");
  });
});

describe("an app of Hono", () => {
  const { LATCHKEY_ISSUER: issuer, LATCHKEY_CLIENT_ID: clientId, ...more } = VARIABLES;
  const { LATCHKEY_SECRET: secret, LATCHKEY_BASE_URL: baseUrl } = more;

  /** Sends requests to the app of a document, with the cookies of a signed-in user. */
  async function load(name: string, code: string) {
    const before = process.env;
    process.env = { ...before, ...VARIABLES };
    writeFileSync(join(folder, `${name}-app.js`), code);
    const { default: app } = await import(pathToFileURL(join(folder, `${name}-app.js`)).href);
    process.env = before;
    const cookie = await mintSession({ issuer, clientId, secret, baseUrl, user: { sub: "alice" } });
    return (path: string, init: RequestInit = {}): Promise<Response> =>
      app.fetch(new Request(`${baseUrl}${path}`, { headers: { cookie }, ...init }), { KV: "a binding" });
  }

  test("keeps the runtime's bindings, and the cookies of latchkey beside its own", async () => {
    const mineRoute = `
      app.get("/mine", async (c) => {
        await auth.update(c.req.raw, { seen: true });
        c.header("set-cookie", "mine=1", { append: true });
        return c.json(c.env);
      });
    `;
    const ask = await load("hono", snippet("hono").replace("export default", `${mineRoute}export default`));
    const mine = await ask("/mine");
    expect(await mine.json()).toEqual({ KV: "a binding" });
    const names = mine.headers.getSetCookie().map((line: string) => line.split("=", 1)[0]);
    expect(names).toEqual(["mine", expect.stringMatching(/\.id\.0$/)]);
    expect(mine.headers.get("cache-control")).toBe("private, no-store");
    expect(await (await ask("/invoices")).json()).toEqual({ user: { sub: "alice" } });
    expect((await ask("/invoices", { headers: {} })).status).toBe(401);
    expect(await (await ask("/")).text()).toContain("Sign out");
  });

  test("has a guard for many routes, inside of which a session is updated", async () => {
    const ask = await load("hono-guard", snippet("hono-guard"));
    const visit = await ask("/account/visits", { method: "POST" });
    expect([visit.status, visit.headers.getSetCookie().length]).toEqual([204, 1]);
    expect((await ask("/account/visits", { method: "POST", headers: {} })).status).toBe(401);
    const page = { headers: { accept: "text/html", "sec-fetch-mode": "navigate" } };
    expect((await ask("/account/visits", page)).headers.get("location")).toBe(
      `${baseUrl}/auth/login?returnTo=%2Faccount%2Fvisits`,
    );
  });
});
