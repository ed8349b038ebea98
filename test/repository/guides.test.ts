import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { Agent, createServer, type RequestListener, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { transformSync } from "esbuild";
import { renderToString } from "react-dom/server";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { checkSetup } from "../../adapters/check/index.js";
import type { Middleware, RequestAuth } from "../../adapters/node.js";
import { createTestProvider, mintSession, type TestProvider } from "../../adapters/testing/index.js";
import { plainRequest } from "../support/app.js";
import { documentAt, filesOf, root, snippet, toJavaScript } from "../support/documents.js";
import { send, toRequest } from "../support/edge-app.js";
import { FORWARDED } from "../support/forwarded.js";
import { bin, freePort, startServer } from "../support/process.js";

const VARIABLES = {
  LATCHKEY_ISSUER: "http://127.0.0.1:1/",
  LATCHKEY_CLIENT_ID: "client",
  LATCHKEY_CLIENT_SECRET: "client-secret",
  LATCHKEY_SECRET: "a secret of at least thirty-two characters",
  LATCHKEY_BASE_URL: "http://localhost:3000",
};

/** A user's folder, in which this package as built and the other packages of the guides are installed. */
let folder: string;
let servers: Server[];
let before: NodeJS.ProcessEnv;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "latchkey-guides-"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules/latchkey"));
  for (const name of ["express", "react", "oidc-provider", "pino", "vite", "@opentelemetry"])
    symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  before = { ...process.env };
  Object.assign(process.env, VARIABLES);
  servers = [];
});

afterEach(() => {
  for (const server of servers) server.close().closeAllConnections();
  process.env = before;
  rmSync(folder, { recursive: true, force: true });
});

/** Writes the files that a guide shows. Returns the URL of the last one. */
function write(name: string): string {
  const files = filesOf(name).map(({ path, code }) => ({ path: (path || "app.ts").replace(".ts", ".js"), code }));
  for (const { path, code } of files) writeFileSync(join(folder, path), toJavaScript(code));
  return pathToFileURL(join(folder, files.at(-1)?.path ?? "")).href;
}

/** Serves an app. Returns its URL. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return `http://127.0.0.1:${port}`;
}

/** Serves the app that a guide shows. */
const serveGuide = async (name: string): Promise<string> => serve((await import(write(name))).app);

/** Serves what a guide shows as middleware, with a page that says who is signed in. */
async function serveSignIn(name: string): Promise<string> {
  const { signIn } = (await import(write(name))) as { signIn: Middleware };
  return serve((req, res) =>
    signIn(req, res, () => {
      const { session, reason } = (req as { auth?: RequestAuth }).auth as RequestAuth;
      res.end(session?.user.name ?? `nobody: ${reason}`);
    }),
  );
}

/** The Cookie header of Alice's browser. */
const alice = (options: Partial<Parameters<typeof mintSession>[0]> = {}) =>
  mintSession({
    issuer: VARIABLES.LATCHKEY_ISSUER,
    clientId: VARIABLES.LATCHKEY_CLIENT_ID,
    secret: VARIABLES.LATCHKEY_SECRET,
    baseUrl: VARIABLES.LATCHKEY_BASE_URL,
    user: { sub: "alice", name: "Alice" },
    ...options,
  });

test.each([
  ["a page of the site", { "sec-fetch-site": "same-origin" }, 200],
  ["another site", { "sec-fetch-site": "cross-site" }, 403],
  ["a sibling subdomain", { "sec-fetch-site": "same-site" }, 403],
  ["a page of the site in an old browser", { origin: "http://localhost:3000" }, 200],
  ["another site in an old browser", { origin: "https://attacker.example" }, 403],
  ["a sandboxed frame in an old browser", { origin: "null" }, 403],
  ["a client that says neither", {}, 403],
])("csrf: an order that %s sends", async (_who, from, status) => {
  const url = await serveGuide("csrf-origin");
  const headers = { ...from, cookie: await alice() };
  expect((await plainRequest(url, "/orders", { method: "POST", headers })).status).toBe(status);
  // A link from anywhere reads.
  expect((await plainRequest(url, "/auth/me", { headers })).body).toContain("Alice");
});

test("permissions: each guard lets those pass who have the right", async () => {
  const url = await serveGuide("permissions");
  const billing = { user: { sub: "alice", roles: ["billing"], email: "a@example.com" } };
  const statusOf = async (path: string, options: Parameters<typeof alice>[0]) =>
    (await plainRequest(url, path, { headers: { cookie: await alice(options) } })).status;
  for (const [path, options, status] of [
    ["/invoices", billing, 200],
    ["/invoices", {}, 403],
    ["/staff", billing, 200],
    ["/staff", {}, 403],
    ["/export", { tokens: { accessToken: "at", scope: "openid read:invoices" } }, 200],
    ["/export", { tokens: { accessToken: "at", scope: "openid" } }, 403],
    ["/payout", billing, 403],
  ] as const)
    expect([path, await statusOf(path, options)]).toEqual([path, status]);
});

test("several-providers: the app signs in with each, and the session says which", async () => {
  for (const name of ["LATCHKEY_ISSUER", "LATCHKEY_CLIENT_ID", "LATCHKEY_CLIENT_SECRET"]) delete process.env[name];
  Object.assign(process.env, { ENTRA_SECRET: "entra-secret", GITHUB_SECRET: "github-secret" });
  const url = await serveGuide("several-providers");
  const headers = { "sec-fetch-mode": "navigate", accept: "text/html" };
  const guarded = await plainRequest(url, "/invoices", { headers });
  const page = await plainRequest(url, String(guarded.headers.location).slice("http://localhost:3000".length), {
    headers,
  });
  expect([page.status, page.body]).toEqual([200, expect.stringContaining(">Your company account</a>")]);
  expect(page.body).toContain('href="http://localhost:3000/auth/login/code?returnTo=%2Finvoices"');
  const login = await plainRequest(url, "/auth/login/code", { headers });
  const { origin, searchParams } = new URL(String(login.headers.location));
  expect([origin, searchParams.get("client_id")]).toEqual(["https://github.com", "Iv1.0123456789abcdef"]);
  expect(searchParams.get("redirect_uri")).toBe("http://localhost:3000/auth/callback/code");
  const providers = { code: { issuer: "https://github.com", clientId: "Iv1.0123456789abcdef" } };
  const cookie = await mintSession({
    providers,
    providerName: "code",
    secret: VARIABLES.LATCHKEY_SECRET,
    baseUrl: VARIABLES.LATCHKEY_BASE_URL,
    user: { sub: "42" },
  });
  expect(JSON.parse((await plainRequest(url, "/invoices", { headers: { cookie } })).body)).toEqual({
    invoicesOf: "code 42",
  });
});

test("permissions: onSignIn puts roles where a guard looks", async () => {
  await withOrders({ sub: "alice", "https://app.example/roles": ["billing"] }, async (provider) => {
    const { signIn } = (await import(write("permissions-roles"))) as { signIn: Middleware };
    const url = await serve((req, res) =>
      signIn(req, res, () => res.end(JSON.stringify((req as { auth?: RequestAuth }).auth))),
    );
    const { cookie } = await signInAt(url, provider);
    const page = await plainRequest(url, "/", { headers: { cookie } });
    expect(JSON.parse(page.body).session.user.roles).toEqual(["billing"]);
  });
});

test("permissions: an API that requires step-up sends the user to sign in with what it asks for", async () => {
  const provider = await createTestProvider({ issuer: "https://op.example" });
  process.env["LATCHKEY_ISSUER"] = provider.issuer;
  const challenge = 'Bearer error="insufficient_user_authentication", acr_values="phr phrh", max_age=300';
  vi.stubGlobal("fetch", async (input: string, init: RequestInit) =>
    input.startsWith("https://api.example")
      ? new Response(null, { status: 401, headers: { "www-authenticate": challenge } })
      : provider.fetch(input, init),
  );
  try {
    const { transfer } = (await import(write("permissions-api"))) as { transfer(request: Request): Promise<Response> };
    const cookie = await alice({ issuer: provider.issuer, tokens: { accessToken: "at" } });
    const response = await transfer(new Request("http://localhost:3000/transfer", { headers: { cookie } }));
    const { searchParams } = new URL(`${response.headers.get("location")}`);
    expect([searchParams.get("acr_values"), searchParams.get("max_age")]).toEqual(["phr phrh", "300"]);
  } finally {
    vi.unstubAllGlobals();
  }
});

test("permissions: a component of React is shown to those who meet its requirement", async () => {
  const path = join(folder, "invoices.js");
  writeFileSync(path, transformSync(snippet("permissions-react"), { loader: "tsx", jsx: "automatic" }).code);
  const { App } = (await import(pathToFileURL(path).href)) as { App: (props: object) => never };
  const shown = (user: object) => renderToString(App({ session: { user } }));
  expect(shown({ sub: "alice", roles: ["billing"] })).toBe("<p>Invoices</p>");
  expect(shown({ sub: "alice" })).toBe("<p>You may not see invoices.</p>");
});

/** The Cookie header of a browser after a sign-in at the app that serves `url`. */
async function signInAt(url: string, provider: TestProvider): Promise<{ cookie: string; login: URL }> {
  const cookies = (lines: readonly string[]) => lines.map((line) => line.split(";", 1)[0]).join("; ");
  const login = await plainRequest(url, "/auth/login", { headers: { "sec-fetch-mode": "navigate" } });
  const back = await provider.authorize(`${login.headers.location}`);
  const target = back.url.replace(VARIABLES.LATCHKEY_BASE_URL, "");
  const callback = await plainRequest(url, target, { headers: { cookie: cookies(login.setCookies) } });
  return { cookie: cookies(callback.setCookies), login: new URL(`${login.headers.location}`) };
}

/** Runs a test with a provider, and with an API whose last token has the audience that `audience` gives. */
async function withOrders(
  user: Record<string, unknown>,
  run: (provider: TestProvider, audience: () => unknown) => Promise<void>,
): Promise<void> {
  const provider = await createTestProvider({ user });
  process.env["LATCHKEY_ISSUER"] = provider.issuer;
  let audience: unknown;
  vi.stubGlobal("fetch", async (input: string, init: RequestInit) => {
    if (!input.startsWith("https://orders.example")) return provider.fetch(input, init);
    const token = `${new Headers(init.headers).get("authorization")}`;
    audience = JSON.parse(Buffer.from(`${token.split(".")[1]}`, "base64url").toString()).aud;
    return Response.json(["one order"]);
  });
  try {
    await run(provider, () => audience);
  } finally {
    vi.unstubAllGlobals();
  }
}

test("several APIs: one sign-in gives each of them a token of its own", async () => {
  await withOrders({ sub: "alice" }, async (provider, audience) => {
    const url = await serveGuide("several-apis");
    const { cookie, login } = await signInAt(url, provider);
    expect(login.searchParams.getAll("resource")).toEqual(["https://shows.example", "https://orders.example"]);
    const orders = await plainRequest(url, "/orders", { headers: { cookie } });
    expect([orders.body, audience()]).toEqual(['["one order"]', "https://orders.example"]);
  });
});

test("on behalf of the user: the API gets a token that was exchanged for it", async () => {
  await withOrders({ sub: "alice" }, async (provider, audience) => {
    const url = await serveGuide("exchange-token");
    const { cookie } = await signInAt(url, provider);
    const orders = await plainRequest(url, "/orders", { headers: { cookie } });
    expect([orders.body, audience()]).toEqual(['["one order"]', "https://orders.example"]);
    const [exchange] = provider.requests.filter(({ parameters }) =>
      /token-exchange$/.test(`${parameters["grant_type"]}`),
    );
    expect(exchange?.parameters).toMatchObject({ audience: "https://orders.example", scope: "read:orders" });
  });
});

test("permissions: refreshUser writes the roles that the user has now", async () => {
  const user: Record<string, unknown> = { sub: "alice", "https://app.example/roles": [] };
  await withOrders(user, async (provider) => {
    const url = await serveGuide("permissions-refresh");
    const { cookie } = await signInAt(url, provider);
    user["https://app.example/roles"] = ["billing"];
    const response = await plainRequest(url, "/me/refresh", { method: "POST", headers: { cookie } });
    expect(JSON.parse(response.body).roles).toEqual(["billing"]);
    expect(response.setCookies).not.toEqual([]);
  });
});

test("csrf: a form is taken with the token of its session only", async () => {
  const url = await serveGuide("csrf-token");
  const [cookie, other] = [await alice(), await alice()];
  const page = await plainRequest(url, "/orders", { headers: { cookie } });
  expect(page.headers["cache-control"]).toBe("private");
  const token = /value="([\w.-]+)"/.exec(page.body)?.[1] as string;
  const post = async (session: string, fields: Record<string, string>) => {
    const headers = { cookie: session, "content-type": "application/x-www-form-urlencoded" };
    const body = `${new URLSearchParams(fields)}`;
    return (await plainRequest(url, "/orders", { method: "POST", headers, body })).status;
  };
  expect(await post(cookie, { token })).toBe(200);
  expect(await post(other, { token })).toBe(403);
  expect(await post(cookie, {})).toBe(403);
  expect(await post(cookie, { token: `${token}x` })).toBe(403);
});

test("subdomains: a session of one host is read on another, and no other client reads it", async () => {
  process.env["LATCHKEY_BASE_URL"] = "https://admin.example.com";
  const url = await serveSignIn("subdomains");
  const session = { cookie: { domain: "example.com" } };
  const fromApp = { baseUrl: "https://app.example.com", session };
  const read = async (cookie: string) => (await plainRequest(url, "/", { headers: { cookie } })).body;
  expect(await read(await alice(fromApp))).toBe("Alice");
  expect(await alice(fromApp)).toMatch(/^__Secure-latchkey\./);
  const quiet = vi.spyOn(console, "error").mockImplementation(() => {});
  expect(await read(await alice({ ...fromApp, clientId: "another" }))).toBe("nobody: tampered");
  expect(await read(await alice({ ...fromApp, secret: "another secret of thirty-two characters" }))).toMatch(/^nobody/);
  quiet.mockRestore();
});

test("subdomains: a sign-out on one host ends the session for the domain", async () => {
  process.env["LATCHKEY_BASE_URL"] = "https://admin.example.com";
  const url = await serveSignIn("subdomains");
  const session = { cookie: { domain: "example.com" } };
  const headers = {
    cookie: await alice({ baseUrl: "https://app.example.com", session }),
    "sec-fetch-site": "same-origin",
  };
  const { setCookies } = await plainRequest(url, "/auth/logout?returnTo=/", { method: "POST", headers });
  const deleted = setCookies.filter((line) => /Max-Age=0/.test(line));
  expect(deleted.length).toBeGreaterThan(0);
  expect(setCookies.filter((line) => !/; Domain=example\.com/.test(line))).toEqual([]);
});

test("subdomains: the cookie of another app under the same name is reported, and under another name is left alone", async () => {
  const printed = vi.spyOn(console, "error").mockImplementation(() => {});
  try {
    const url = await serveSignIn("cookie-name");
    const read = async (name: string) => {
      const cookie = await alice({ secret: "the secret of another app, long enough", session: { cookie: { name } } });
      return (await plainRequest(url, "/", { headers: { cookie } })).body;
    };
    expect(await read("latchkey")).toBe("nobody: undefined");
    expect(printed).not.toHaveBeenCalled();
    expect(await read("shop")).toBe("nobody: unknown_key");
    expect(printed.mock.calls.flat()).toEqual([
      "latchkey: a session cookie is of another app or secret (unknown_key); check session.cookie.name, secret",
    ]);
  } finally {
    printed.mockRestore();
  }
});

/** Runs a program in the user's folder. Resolves to the lines that it prints. */
async function lines(program: string): Promise<readonly string[]> {
  writeFileSync(join(folder, "program.js"), program);
  const child = spawn(process.execPath, ["program.js"], { cwd: folder, env: process.env });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk));
  await once(child, "close");
  return output.trim().split("\n");
}

/** A sign-in that fails, because the provider of these tests cannot be reached, and a callback of no sign-in. */
const SIGN_INS = `
  const { get } = await import("node:http");
  for (const path of ["/auth/login", "/auth/callback?state=x&code=a-code"])
    await new Promise((resolve) => get("http://127.0.0.1:" + server.address().port + path, resolve));
  server.close().closeAllConnections();`;

test("logging: pino prints why a sign-in failed, and what to check", async () => {
  write("logging-pino");
  const printed = await lines(`import { createServer } from "node:http";
    import { signIn } from "./app.js";
    const server = createServer((req, res) => signIn(req, res, () => res.end()));
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    ${SIGN_INS}`);
  const [down, foreign] = printed.map((line) => JSON.parse(line));
  expect(printed).toHaveLength(2);
  expect(down).toMatchObject({ level: 50, code: "provider_unreachable", advice: "issuer, network" });
  expect(down.msg).toMatch(/^latchkey: provider unreachable: /);
  expect(down.err.stack).toContain("ExchangeError");
  expect(foreign).toMatchObject({ level: 30, code: "no_transaction" });
  expect(printed.join()).not.toContain("a-code");
});

test("logging: each line has the id and the path of its request", async () => {
  write("logging-request");
  const printed = await lines(`import { app } from "./app.js";
    const server = app.listen(0, "127.0.0.1", async () => {
      ${SIGN_INS}
    });`);
  const [first, second] = printed.map((line) => JSON.parse(line));
  expect([first.path, second.path]).toEqual(["/auth/login", "/auth/callback"]);
  expect(first.requestId).toMatch(/^[\da-f-]{36}$/);
  expect(second.requestId).not.toBe(first.requestId);
  expect(printed.join()).not.toContain("a-code");
});

test("logging: OpenTelemetry counts failures by code, and the active span says what failed", async () => {
  write("logging-otel");
  const printed = await lines(`import { AsyncLocalStorage } from "node:async_hooks";
    import { createServer } from "node:http";
    import { context, metrics, ROOT_CONTEXT, trace } from "@opentelemetry/api";
    const contexts = new AsyncLocalStorage();
    context.setGlobalContextManager({
      active: () => contexts.getStore() ?? ROOT_CONTEXT,
      with: (active, work, self, ...rest) => contexts.run(active, () => work.apply(self, rest)),
      bind: (_active, work) => work,
      enable() { return this; },
      disable() { return this; },
    });
    const createCounter = (name) => ({ add: (count, attributes) => console.log(name, count, JSON.stringify(attributes)) });
    metrics.setGlobalMeterProvider({ getMeter: () => ({ createCounter }) });
    const span = {
      addEvent: (name, { code }) => console.log("span", name, code),
      setStatus: ({ code, message }) => console.log("status", code, message.slice(0, 20)),
    };
    const { signIn } = await import("./app.js");
    const server = createServer((req, res) =>
      context.with(trace.setSpan(ROOT_CONTEXT, span), () => signIn(req, res, () => res.end())));
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    ${SIGN_INS}`);
  expect(printed).toEqual([
    'latchkey.failures 1 {"code":"provider_unreachable"}',
    "span latchkey.failed provider_unreachable",
    "status 2 latchkey: provider u",
    'latchkey.failures 1 {"code":"no_transaction"}',
    "span latchkey.failed no_transaction",
  ]);
});

test("deploy: the process is alive while the provider is away, finishes what it serves, and ends", async () => {
  const port = await freePort();
  // A provider that answers the health check after the process was told to end.
  const provider = await createTestProvider();
  let answer = () => {};
  const waits = new Promise<void>((resolve) => {
    answer = resolve;
  });
  let arrived = () => {};
  const asked = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const issuer = await serve(async (req, res) => {
    arrived();
    await waits;
    const response = await provider.fetch(provider.issuer + req.url);
    res.end((await response.text()).replaceAll(provider.issuer, issuer));
  });
  const code = filesOf("drain")[0]?.code ?? "";
  writeFileSync(join(folder, "app.js"), toJavaScript(code).replace("app.listen(3000)", `app.listen(${port})`));
  const variables = { ...VARIABLES, LATCHKEY_ISSUER: issuer };
  const child: ChildProcess = await startServer([process.execPath, ["app.js"]], port, variables, folder);
  const ended = once(child, "exit");
  const url = `http://127.0.0.1:${port}`;
  expect((await plainRequest(url, "/alive", {})).body).toBe("yes");
  const agent = new Agent({ keepAlive: true });
  const ready = plainRequest(url, "/ready", { agent });
  await asked;
  child.kill("SIGTERM");
  await expect
    .poll(() =>
      plainRequest(url, "/alive", {}).then(
        () => "up",
        () => "down",
      ),
    )
    .toBe("down");
  answer();
  expect((await ready).status).toBe(200);
  // Although a connection is kept alive.
  expect(await ended).toEqual([0, null]);
  agent.destroy();
});

test("a provider on one's machine: every setting of the first page is right for it", async () => {
  const port = await freePort();
  const code = snippet("local-provider").replaceAll("4000", `${port}`);
  writeFileSync(join(folder, "provider.mjs"), code);
  const child = await startServer([process.execPath, ["provider.mjs"]], port, {}, folder);
  try {
    const named = [...documentAt("docs/start/getting-started.md").matchAll(/`(LATCHKEY_\w+)=([^`]+)`/g)];
    const variables = Object.fromEntries(named.map(([, name, value]) => [name, value?.replace("4000", `${port}`)]));
    expect(Object.keys(variables)).toHaveLength(3);
    const env = { ...VARIABLES, ...variables };
    const { findings } = await checkSetup({ env });
    const wrong = findings.filter(({ status, check }) => status !== "ok" && check !== "base_url");
    expect(wrong).toEqual([]);
    expect(findings.map(({ check }) => check)).toEqual(expect.arrayContaining(["issuer", "client", "authorization"]));
  } finally {
    child.kill();
  }
});

test("react: Vite passes the routes of latchkey on to the server, whose URLs are those of Vite", async () => {
  const [port, vitePort] = [await freePort(), await freePort()];
  writeFileSync(join(folder, "vite.config.js"), snippet("vite-config").replaceAll("3000", `${port}`));
  writeFileSync(join(folder, "index.html"), "<p>The page</p>");
  writeFileSync(join(folder, "app.js"), snippet("express").replace("app.listen(3000)", `app.listen(${port})`));
  const base = `http://localhost:${vitePort}`;
  const variables = { ...VARIABLES, LATCHKEY_BASE_URL: base };
  const started: ChildProcess[] = [];
  try {
    started.push(await startServer([process.execPath, ["app.js"]], port, variables, folder));
    const vite = ["--host", "127.0.0.1", "--port", `${vitePort}`, "--strictPort"];
    started.push(await startServer([bin("vite"), vite], vitePort, {}, folder));
    const url = `http://127.0.0.1:${vitePort}`;
    expect((await plainRequest(url, "/", { headers: { accept: "text/html" } })).body).toContain("The page");
    expect(
      (await plainRequest(url, "/auth/me", { headers: { cookie: await alice({ baseUrl: base }) } })).body,
    ).toContain("Alice");
    // The provider of this test cannot be reached; the page for that leads back to the site.
    const failed = await plainRequest(url, "/auth/login", {});
    expect(failed.status).toBe(503);
    expect(failed.body).toContain(base);
  } finally {
    for (const child of started) child.kill();
  }
});

describe.each([
  ["forwarded-host-express", "Node"],
  ["forwarded-host-node", "Node"],
  ["forwarded-host-edge", "Node"],
  ["forwarded-host-edge", "Bun"],
  ["forwarded-host-edge", "Deno"],
])("the files of the guide for the forwarded host: %s on %s", (name, runtime) => {
  /** Serves the files of the guide. */
  async function start(baseUrl: string): Promise<string> {
    const { fetch, issuer, clientId, clientSecret } = await createTestProvider();
    const provided = await serve(async (req, res) =>
      res.end((await (await fetch(issuer + req.url)).text()).replaceAll(issuer, provided)),
    );
    const variables = {
      LATCHKEY_ISSUER: provided,
      LATCHKEY_CLIENT_ID: clientId,
      LATCHKEY_CLIENT_SECRET: clientSecret,
      LATCHKEY_BASE_URL: baseUrl,
    };
    Object.assign(process.env, variables);
    const url = write(name);
    if (name === "forwarded-host-express") return serve((await import(url)).app);
    if (name === "forwarded-host-edge" && runtime === "Node") {
      const handle = (await import(url)).default.fetch;
      return serve(async (req, res) => send(await handle(toRequest(req)), res));
    }
    const port = await freePort();
    const path = fileURLToPath(url);
    writeFileSync(path, readFileSync(path, "utf8").replace("listen(3000)", `listen(${port}, "127.0.0.1")`));
    const commands: Readonly<Record<string, [command: string, args: string[]]>> = {
      Node: [process.execPath, [path]],
      Bun: [bin("bun"), [path]],
      Deno: [bin("deno"), ["serve", "-A", "--host", "127.0.0.1", "--port", `${port}`, path]],
    };
    const env = { ...VARIABLES, ...variables, PORT: `${port}` };
    started.push(await startServer(commands[runtime] as [string, string[]], port, env, folder));
    return `http://127.0.0.1:${port}`;
  }
  const started: ChildProcess[] = [];
  afterEach(() => {
    for (const child of started.splice(0)) child.kill();
  });

  test("chooses the site: one name, a list, a port, an empty value; a name that is no site gets the first", async () => {
    const url = await start("https://one.example,https://two.example");
    for (const [forwarded, site] of FORWARDED) {
      const headers = { "x-forwarded-host": forwarded || " ", "sec-fetch-mode": "navigate" };
      const { location } = (await plainRequest(url, "/auth/login", { headers })).headers;
      const redirectUri = new URL(String(location)).searchParams.get("redirect_uri");
      expect([forwarded, redirectUri]).toEqual([forwarded, `https://${site}.example/auth/callback`]);
    }
    // The request reaches the app with its own Host, which is a site.
    const headers = { host: "two.example", "sec-fetch-mode": "navigate" };
    const { location } = (await plainRequest(url, "/auth/login", { headers })).headers;
    expect(new URL(String(location)).searchParams.get("redirect_uri")).toBe("https://two.example/auth/callback");
  });
});
