import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import { inject } from "vitest";
import type { Grant } from "../../examples/demo/provider.js";
import { startProvider } from "../../examples/demo/provider.js";
import { fonts } from "./create.js";

/** A running app of Next, and its provider. */
export interface World {
  /** The URL of the app: an origin, on 127.0.0.1 unless `host` is another, and its base path. */
  readonly base: string;
  readonly origin: string;
  /** The provider's URL, on localhost: the app and the provider do not receive each other's cookies. */
  readonly issuer: string;
  /** The successful token requests. */
  readonly grants: Grant[];
  /** All authorization requests that the provider has received. */
  readonly authorizations: string[];
  /** The output of the app's server. */
  log(): string;
  stop(): Promise<void>;
}

export interface WorldOptions {
  /** Seconds. @default 600 */
  accessTokenLifetime?: number;
  /** Options of `createAuth` in addition to the required ones; `null`: no options at all, as on a server without variables. */
  options?: Record<string, unknown> | null;
  basePath?: string;
  trailingSlash?: boolean;
  mount?: string;
  /** Whether the app gets its options from `LATCHKEY_*`, as a user's app does, instead of `OPTIONS`. @default false */
  variables?: boolean;
  /** Writes these variables into `.env.local`, where users have them, instead of the environment. @default false */
  file?: boolean;
  /** The arguments of Next's program. @default ["start"] */
  command?: readonly string[];
  /** A program to run instead of Next's. */
  program?: string;
  /** The host of the app's URL. @default "127.0.0.1" */
  host?: string;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Waits until the server listens. Throws with its output if it exits before. */
async function waitUntilListening(child: ChildProcess, port: number, log: () => string): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt++) {
    if (child.exitCode !== null) throw new Error(`the server exited with ${child.exitCode}: ${log()}`);
    const isUp = await new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(true)).on("error", () => resolve(false));
      socket.unref().setTimeout(1000);
      socket.once("connect", () => socket.destroy());
    });
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nothing listens on ${port}: ${log()}`);
}

async function serve(
  folder: string,
  port: number,
  variables: Record<string, string>,
  { command = ["start"], program }: WorldOptions,
) {
  const next = ["node_modules/next/dist/bin/next", ...command, "-p", String(port)];
  // Next sets NODE_ENV by its command.
  const own = program ? { NODE_ENV: "production" } : {};
  const child = spawn(process.execPath, program ? [program] : next, {
    cwd: folder,
    env: {
      PATH: process.env["PATH"],
      NEXT_TELEMETRY_DISABLED: "1",
      PORT: String(port),
      ...fonts,
      ...own,
      ...variables,
    } as NodeJS.ProcessEnv,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (part) => {
      text += part;
    });
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const log = () => text;
  const stop = () => {
    // `next dev` has a process of its own for the server, which it ends before it ends itself.
    child.kill(command[0] === "dev" ? "SIGTERM" : "SIGKILL");
    return closed;
  };
  try {
    await waitUntilListening(child, port, log);
  } catch (error) {
    await stop();
    throw error;
  }
  return { log, stop };
}

/** Starts the built app with this name, for example `main-16`, and a provider for it. */
export async function startWorld(name: string, world: WorldOptions = {}): Promise<World> {
  const { accessTokenLifetime = 600, options = {}, basePath = "", trailingSlash = false, mount = "/auth" } = world;
  const { host = "127.0.0.1" } = world;
  const { folder } = inject("apps")[name] ?? {};
  if (!folder) throw new Error(`no app ${name}`);
  const port = await freePort();
  const origin = `http://${host}:${port}`;
  const base = origin + basePath;
  const client = { id: "next", secret: randomBytes(32).toString("base64url") };
  const grants: Grant[] = [];
  const provider = await startProvider({
    accessTokenLifetime,
    apis: { "https://api.example": "read:shows" },
    onGrant: (grant) => grants.push(grant),
    clients: [
      {
        client_id: client.id,
        client_secret: client.secret,
        grant_types: ["authorization_code", "refresh_token"],
        redirect_uris: [`${base}${mount}/callback${trailingSlash ? "/" : ""}`],
        post_logout_redirect_uris: ["/", "/home", "/static"].map((path) => `${base}${path}`),
      },
    ],
  });
  const authorizations: string[] = [];
  const provided = new URL(provider.issuer).host;
  const count = (message: unknown) => {
    const { request } = message as { request: IncomingMessage };
    if (request.headers.host === provided && request.url?.startsWith("/auth?")) authorizations.push(request.url);
  };
  subscribe("http.server.request.start", count);
  const all = options && {
    issuer: provider.issuer,
    clientId: client.id,
    clientSecret: client.secret,
    secret: randomBytes(32).toString("base64url"),
    baseUrl: base,
    mount,
    trailingSlash,
    scope: "openid profile email offline_access",
    authorizationParams: { prompt: "consent" },
    postLogoutPath: "/home",
    ...options,
  };
  const stopProvider = async () => {
    unsubscribe("http.server.request.start", count);
    await provider.close();
  };
  const variables: Record<string, string> = all && !world.variables ? { OPTIONS: JSON.stringify(all) } : {};
  if (all && world.variables) {
    for (const name of ["issuer", "clientId", "clientSecret", "secret", "baseUrl"] as const)
      variables[`LATCHKEY_${name.replace(/[A-Z]/, "_$&").toUpperCase()}`] = all[name];
  }
  const file = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
  if (world.file) writeFileSync(join(folder, ".env.local"), file.join(""));
  const server = await serve(folder, port, world.file ? {} : variables, world).catch(async (error) => {
    await stopProvider();
    throw error;
  });
  return {
    base,
    origin,
    issuer: provider.issuer,
    grants,
    authorizations,
    log: server.log,
    stop: async () => void (await Promise.all([server.stop(), stopProvider()])),
  };
}
