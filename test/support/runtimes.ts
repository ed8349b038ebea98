import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type IncomingMessage, type OutgoingHttpHeaders, request, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { AuthOptions } from "../../adapters/lib/auth-options.js";
import type { Framework } from "./app.js";
import { send, toRequest } from "./edge-app.js";
import { bin, freePort, startServer } from "./process.js";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The server as users of a runtime bundle it: the runtime's export conditions choose the engine. */
async function bundle(conditions: string[], entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [here(entry)],
    bundle: true,
    write: false,
    format: entry === "edge-server.ts" ? "esm" : "iife",
    target: "es2022",
    platform: conditions.includes("node") ? "node" : "browser",
    conditions,
  });
  return outputFiles[0]?.text ?? "";
}

/** Each bundle is made once, and serves all the apps of a test file. */
const bundles = new Map<string, Promise<string>>();

/** Writes a bundle to `file`, after the line `head`. @returns `file` */
async function writeBundle(file: string, conditions: string[], entry = "edge-server.ts", head = ""): Promise<string> {
  const key = [entry, ...conditions].join(" ");
  const text = bundles.get(key) ?? bundle(conditions, entry);
  bundles.set(key, text);
  writeFileSync(file, head + (await text));
  return file;
}

const CONFIG = (port: number) => `
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "server.mjs", esModule = embed "server.mjs")],
      compatibilityDate = "2026-10-01",
      durableObjectNamespaces = [(className = "LatchkeyStore", uniqueKey = "a key of the tests", enableSql = true)],
      durableObjectStorage = (inMemory = void),
      bindings = [
        (name = "OPTIONS", fromEnvironment = "OPTIONS"),
        (name = "LATCHKEY", durableObjectNamespace = "LatchkeyStore"),
      ],
    )),
    (name = "internet", network = (allow = ["private", "local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
`;

/** Passes a request on to the runtime unchanged, with additional headers for the app under test. */
function passOn(req: IncomingMessage, res: ServerResponse, port: number, added: Record<string, string>): void {
  const { authorization = [] } = req.headersDistinct;
  const headers: OutgoingHttpHeaders = { ...(req.headers as OutgoingHttpHeaders), ...added };
  // Several Authorization headers are passed on as well; `req.headers` has only the first.
  if (authorization.length > 0) headers["authorization"] = authorization as unknown as string;
  const { method, url: path } = req;
  const outgoing = request({ host: "127.0.0.1", port, method, path, headers, agent: false }, (answer) => {
    const { location = "" } = answer.headers;
    // Next 16 redirects a request whose `_rsc` parameter does not match its headers; follow it, as Next's router does.
    if (answer.statusCode === 307 && location.includes("_rsc") && !path?.includes("_rsc")) {
      answer.resume();
      return passOn(Object.assign(req, { url: location }), res, port, added);
    }
    res.writeHead(answer.statusCode as number, answer.rawHeaders);
    answer.pipe(res);
  });
  outgoing.on("error", (error) => (res.headersSent ? res.destroy() : res.writeHead(502).end(String(error))));
  // A test checks that the protocol was changed; it does not use the new protocol.
  outgoing.on("upgrade", (answer, socket) => {
    socket.destroy();
    res.writeHead(200, { ...answer.headers, "x-test-status": answer.statusCode }).end();
  });
  // If the client resets its connection, reset the connection to the runtime as well.
  res.on("close", () => res.writableEnded || outgoing.socket?.resetAndDestroy());
  req.pipe(outgoing);
}

/** Passes a request of the runtime on to the provider. */
async function relay(req: IncomingMessage, res: ServerResponse, { fetch }: AuthOptions): Promise<void> {
  const request = toRequest(req);
  const { method, headers } = request;
  const body = method === "POST" ? await request.text() : null;
  const to = new URL(request.url).searchParams.get("to") as string;
  try {
    await send(await (fetch as typeof globalThis.fetch)(to, { method, headers, body }), res);
  } catch {
    res.destroy();
  }
}

/** Returns the command that starts a runtime, and writes the runtime's files into `folder`. */
type Start = (
  folder: string,
  port: number,
  options: string,
) => Promise<readonly [command: string, args: string[], cwd?: string]>;

/** An app in another process, behind a server in this one, which adds the time of the test's clock and the headers `added` to each request. */
export const inProcess =
  (start: Start, added: Record<string, string> = {}): Framework =>
  async (options) => {
    const port = await freePort();
    const folder = mkdtempSync(join(tmpdir(), "latchkey-"));
    const json = JSON.stringify(options);
    const [command, args, cwd] = await start(folder, port, json);
    const child = await startServer([command, args], port, { PORT: String(port), OPTIONS: json }, cwd);
    const listener = (req: IncomingMessage, res: ServerResponse) =>
      req.url?.startsWith("/relay?")
        ? void relay(req, res, options)
        : passOn(req, res, port, { ...added, "x-test-now": String((options.now as () => number)()) });
    const close = () => {
      child.kill();
      rmSync(folder, { recursive: true, force: true });
    };
    return Object.assign(listener, { close });
  };

/** The edge adapter on runtimes other than Node. */
export const runtimes = {
  "edge-runtime": inProcess(async (folder, port, options) => {
    const head = `globalThis.OPTIONS = ${JSON.stringify(options)};\n`;
    const conditions = ["edge-light", "worker", "browser"];
    const file = await writeBundle(join(folder, "server.js"), conditions, "edge-listener.ts", head);
    return [bin("edge-runtime"), ["--listen", "--port", String(port), file]];
  }),
  workerd: inProcess(async (folder, port) => {
    await writeBundle(join(folder, "server.mjs"), ["workerd", "worker", "browser"]);
    const config = join(folder, "config.capnp");
    writeFileSync(config, CONFIG(port));
    return [bin("workerd"), ["serve", config]];
  }),
  Bun: inProcess(async (folder) => [
    bin("bun"),
    ["run", await writeBundle(join(folder, "server.mjs"), ["bun", "node"])],
  ]),
  Deno: inProcess(async (folder, port) => {
    const file = await writeBundle(join(folder, "server.mjs"), ["deno", "node"]);
    return [bin("deno"), ["serve", "--quiet", "-A", "--host", "127.0.0.1", "--port", String(port), file]];
  }),
} satisfies Record<string, Framework>;
