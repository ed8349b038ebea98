import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { AuthOptions } from "../../adapters/config.js";
import type { Framework } from "./app.js";
import { send, toRequest } from "./edge-app.js";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const bin = (name: string) => here(`../../node_modules/.bin/${name}`);

/** Bundled as that runtime's users do: its own conditions choose the engine. */
async function bundle(conditions: string[], platform: "browser" | "node"): Promise<string> {
  const outfile = join(mkdtempSync(join(tmpdir(), "latchkey-")), "server.mjs");
  const entryPoints = [here("./edge-server.ts")];
  await build({ entryPoints, outfile, bundle: true, format: "esm", target: "es2022", platform, conditions });
  return outfile;
}

const CONFIG = (port: number) => `
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "server.mjs", esModule = embed "server.mjs")],
      compatibilityDate = "2026-10-01",
      bindings = [(name = "OPTIONS", fromEnvironment = "OPTIONS")],
    )),
    (name = "internet", network = (allow = ["private", "local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
`;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Until the runtime listens; it says why when it ends before. */
async function listening(child: ChildProcess, port: number): Promise<void> {
  let said = "";
  child.stderr?.on("data", (text) => {
    said += text;
  });
  for (let attempt = 0; attempt < 200; attempt++) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${said}`);
    const isUp = await new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(true)).on("error", () => resolve(false));
      socket.unref().setTimeout(1000);
      socket.once("connect", () => socket.destroy());
    });
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nothing listens on ${port}: ${said}`);
}

/** Passes a request on to the runtime as it is, with the time that it is. */
function passOn(req: IncomingMessage, res: ServerResponse, port: number, now: number): void {
  const headers = { ...req.headers, "x-test-now": String(now) };
  const { method, url: path } = req;
  const outgoing = request({ host: "127.0.0.1", port, method, path, headers, agent: false }, (answer) => {
    res.writeHead(answer.statusCode as number, answer.rawHeaders);
    answer.pipe(res);
  });
  outgoing.on("error", (error) => res.writeHead(502).end(String(error)));
  req.pipe(outgoing);
}

/** What the runtime asks of the provider. */
async function relay(req: IncomingMessage, res: ServerResponse, { fetch }: AuthOptions): Promise<void> {
  const asked = toRequest(req);
  const { method, headers } = asked;
  const body = method === "POST" ? await asked.text() : null;
  const to = new URL(asked.url).searchParams.get("to") as string;
  try {
    await send(await (fetch as typeof globalThis.fetch)(to, { method, headers, body }), res);
  } catch {
    res.destroy();
  }
}

type Start = (port: number) => Promise<[command: string, args: string[]]>;

/** An app in a process of its own, behind a server of this one. */
const inProcess =
  (start: Start): Framework =>
  async (options) => {
    const port = await freePort();
    const [command, args] = await start(port);
    const env = { PATH: process.env["PATH"], PORT: String(port), OPTIONS: JSON.stringify(options) };
    const child = spawn(command, args, { env, stdio: ["ignore", "ignore", "pipe"] });
    await listening(child, port);
    const listener = (req: IncomingMessage, res: ServerResponse) =>
      req.url?.startsWith("/relay?")
        ? void relay(req, res, options)
        : passOn(req, res, port, (options.now as () => number)());
    return Object.assign(listener, { close: () => void child.kill() });
  };

/** The edge adapter on runtimes other than Node. */
export const runtimes: Record<string, Framework> = {
  workerd: inProcess(async (port) => {
    const config = join(await bundle(["workerd", "worker", "browser"], "browser"), "../config.capnp");
    writeFileSync(config, CONFIG(port));
    return [bin("workerd"), ["serve", config]];
  }),
  Bun: inProcess(async () => [bin("bun"), ["run", await bundle(["bun", "node"], "node")]]),
  Deno: inProcess(async (port) => {
    const file = await bundle(["deno", "node"], "node");
    return [bin("deno"), ["serve", "--quiet", "-A", "--host", "127.0.0.1", "--port", String(port), file]];
  }),
};
