import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { type CookieJar, createCookieJar } from "../../adapters/testing/index.js";
import { plainRequest } from "../support/app.js";
import { freePort, startServer } from "../support/process.js";
import type { MachineOptions } from "./app.js";
import { startProvider } from "./provider.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
let bundle: Promise<string> | undefined;

/** The app of a machine, bundled once for all tests of a file. */
async function bundleApp(): Promise<string> {
  const folder = mkdtempSync(join(root, "node_modules/.latchkey-"));
  const outfile = join(folder, "app.mjs");
  const engine = join(root, "core/seal/aead.node.ts");
  await build({
    entryPoints: [join(root, "test/machines/app.ts")],
    bundle: true,
    outfile,
    format: "esm",
    platform: "node",
    target: "node20",
    packages: "external",
    alias: { "#aead": engine, "#bytes": engine },
  });
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return outfile;
}

/** One machine. */
export interface Machine {
  readonly port: number;
  readonly child: ChildProcess;
  /** What failed on it since the last call. */
  events(): Promise<Array<{ code: string; cause: string }>>;
}

/** Passes requests on to machines, in turns, or to the one that the header `x-machine` names. */
async function startBalancer(machines: readonly Machine[]) {
  const agent = new Agent({ keepAlive: true, maxSockets: 200 });
  let turn = 0;
  const server = createServer((req: IncomingMessage, res: ServerResponse) => {
    const index = req.headers["x-machine"] === undefined ? turn++ : Number(req.headers["x-machine"]);
    const { port } = machines[index % machines.length] as Machine;
    const { method, url: path, headers } = req;
    const outgoing = request({ host: "127.0.0.1", port, method, path, headers, agent }, (answer) => {
      res.writeHead(answer.statusCode as number, answer.rawHeaders);
      answer.pipe(res);
    });
    outgoing.on("error", () => (res.headersSent ? res.destroy() : res.writeHead(502).end()));
    req.pipe(outgoing);
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, agent, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** What an answer of the app says. */
export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly headers: IncomingHttpHeaders;
  readonly setCookies: readonly string[];
  /** Milliseconds that it took. */
  readonly took: number;
}

/** How a request is sent. */
interface RequestOptions {
  /** The index of the machine. @default the next one */
  readonly machine?: number;
  /** @default that of the browser */
  readonly cookie?: string;
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Record<string, string>;
}

/** A browser in front of the balancer. */
export class Browser {
  readonly jar: CookieJar;
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true });
  constructor(url: string, jar = createCookieJar()) {
    this.#url = url;
    this.jar = jar;
  }

  /** Another one with the same cookies. */
  clone(): Browser {
    return new Browser(this.#url, this.jar.clone());
  }

  /** Sends a request with the cookies of now, or those given, and keeps the cookies of the answer. */
  async get(path: string, { machine, cookie, ...options }: RequestOptions = {}): Promise<Answer> {
    const began = Date.now();
    const url = new URL(path, this.#url);
    const sent: Record<string, string> = { ...options.headers, cookie: cookie ?? this.jar.header(url.href) };
    if (machine !== undefined) sent["x-machine"] = `${machine}`;
    const {
      status,
      headers,
      setCookies,
      body: text,
    } = await plainRequest(url.origin, url.pathname + url.search, {
      ...options,
      headers: sent,
      agent: this.#agent,
    });
    this.jar.store(setCookies, url.href);
    let body: Record<string, unknown> = { text };
    try {
      body = JSON.parse(text);
    } catch {
      // A page.
    }
    return { status, body, headers, setCookies, took: Date.now() - began };
  }

  /** Follows redirects, with this browser's cookies at the provider as well. */
  async navigate(path: string, machine?: number): Promise<{ url: string } & Answer> {
    let url = new URL(path, this.#url).href;
    for (let hops = 0; hops < 20; hops++) {
      const headers = { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document", accept: "text/html" };
      const answer = await this.get(url, { headers, ...(machine === undefined ? {} : { machine }) });
      const { location } = answer.headers;
      if (!location) return { url, ...answer };
      url = new URL(location, url).href;
    }
    throw new Error("too many redirects");
  }

  /** Signs in, and ends at the app. */
  async signIn(user = "ada", machine?: number): Promise<void> {
    const { status, body, url } = await this.navigate(`/auth/login?returnTo=/public&login_hint=${user}`, machine);
    if (status !== 200 || !url.startsWith(`${this.#url}/public`))
      throw new Error(`sign-in: ${status} ${url} ${JSON.stringify(body).slice(0, 1500)}`);
  }
}

/** Options of each machine, in the order of the machines; those of the first serve for all that have none. */
export interface WorldOptions {
  readonly machines?: number;
  readonly options?: Partial<MachineOptions>;
  /** Further options of one machine, by its index. */
  readonly optionsOf?: (index: number) => Partial<MachineOptions>;
}

/** A provider, machines, and a balancer in front of them. */
export async function startWorld({ machines: count = 2, options = {}, optionsOf = () => ({}) }: WorldOptions = {}) {
  bundle ??= bundleApp();
  const file = await bundle;
  const machines: Machine[] = [];
  const replaced: Machine[] = [];
  const { server, agent, url } = await startBalancer(machines);
  const provider = await startProvider({
    redirectUri: `${url}/auth/callback`,
    backchannel: `${url}/auth/backchannel-logout`,
  });

  async function startMachine(index: number): Promise<Machine> {
    const port = await freePort();
    const all: MachineOptions = {
      issuer: provider.issuer,
      clientId: provider.clientId,
      clientSecret: provider.clientSecret,
      baseUrl: url,
      secret: "a secret of the machines, of 32 characters",
      ...options,
      ...optionsOf(index),
    };
    const child = await startServer([process.execPath, [file]], port, {
      PORT: `${port}`,
      OPTIONS: JSON.stringify(all),
    });
    const events = async () => (await fetch(`http://127.0.0.1:${port}/events`)).json() as Promise<[]>;
    return { port, child, events };
  }
  for (let index = 0; index < count; index++) machines.push(await startMachine(index));

  return {
    url,
    provider,
    machines,
    browser: () => new Browser(url),
    /** Ends a machine and starts it again, with further options. */
    async restart(index: number): Promise<void> {
      machines[index]?.child.kill("SIGKILL");
      machines[index] = await startMachine(index);
    },
    /** Puts a new machine, with further options, in the place of one, which finishes its requests and ends: as a deployment does. */
    async replace(index: number): Promise<void> {
      const old = machines[index];
      machines[index] = await startMachine(index);
      // A request that was sent just before is on its way.
      await pause(500);
      old?.child.kill("SIGTERM");
      if (old) replaced.push(old);
    },
    async stop() {
      for (const { child } of [...machines, ...replaced]) child.kill("SIGKILL");
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await provider.stop();
    },
  };
}

export type World = Awaited<ReturnType<typeof startWorld>>;

export const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));
