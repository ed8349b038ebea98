import { spawnSync } from "node:child_process";
import { accessSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { Redis } from "ioredis";
import { Pool, type PoolConfig } from "pg";
import { freePort, startServer } from "./process.js";

/** A database server of a test. */
export interface Server {
  readonly port: number;
  readonly pid: number;
  /** Ends the process at once, as a crash of the machine does. */
  kill(): Promise<void>;
  /** Starts a server that was killed, on the same port and over the same files. Does nothing while one runs. */
  restart(): Promise<void>;
  /** Ends the server, also where it is paused or has clients, and deletes its files. */
  stop(): Promise<void>;
}

/** The path of a program of the machine; undefined where it is not installed. */
function programPath(name: string): string | undefined {
  const versions = existsSync("/usr/lib/postgresql") ? readdirSync("/usr/lib/postgresql") : [];
  const folders = [
    ...(process.env["PATH"] ?? "").split(delimiter),
    ...versions.map((each) => `/usr/lib/postgresql/${each}/bin`),
  ];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** Which servers this machine can start. Debian: `apt-get install redis-server valkey-server postgresql`. */
export const installed = {
  redis: programPath("redis-server"),
  valkey: programPath("valkey-server"),
  postgres: programPath("initdb") && programPath("postgres"),
};

const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), "latchkey-"));

/** @param untilReady resolves when a server that listens takes commands */
async function startIn(
  folder: string,
  command: readonly [string, readonly string[]],
  port: number,
  untilReady: () => Promise<void> = async () => {},
): Promise<Server> {
  async function start() {
    const started = await startServer(command, port, {});
    await untilReady();
    return started;
  }
  let child = await start();
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  async function end(signal: "SIGKILL" | "SIGINT"): Promise<void> {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    // A server that a test has paused takes a signal only when it goes on.
    child.kill("SIGCONT");
    child.kill(signal);
    if (!hasEnded()) await ended;
  }
  return {
    port,
    get pid() {
      return child.pid as number;
    },
    kill: () => end("SIGKILL"),
    async restart() {
      // Postgres refuses to start until the processes of the one that was killed have ended.
      for (let tries = 0; hasEnded(); tries++) {
        try {
          child = await start();
        } catch (error) {
          if (tries > 20) throw error;
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      }
    },
    async stop() {
      // Postgres would wait for its clients after SIGTERM.
      await end("SIGINT");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Redis or Valkey, in memory. `options`: further options of its command line. */
export async function startRedis(program = installed.redis, options: readonly string[] = []): Promise<Server> {
  const [folder, port] = [temporaryFolder(), await freePort()];
  const args = ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--dir", folder, ...options];
  return startIn(folder, [program as string, args], port);
}

/** Three masters of a Redis Cluster, without replicas. */
export interface RedisCluster {
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  stop(): Promise<void>;
}

/** The slots of a cluster. */
const SLOTS = 16_384;

/** A Redis Cluster in memory. */
export async function startRedisCluster(): Promise<RedisCluster> {
  const servers = await Promise.all(
    [0, 1, 2].map(async () =>
      startRedis(installed.redis, ["--cluster-enabled", "yes", "--cluster-port", `${await freePort()}`]),
    ),
  );
  const nodes = servers.map(({ port }) => ({ host: "127.0.0.1", port }));
  const clients = nodes.map(({ host, port }) => new Redis(port, host));
  const [first] = clients as [Redis];
  for (const [index, client] of clients.entries()) {
    const [from, to] = [index, index + 1].map((part) => Math.floor((part * SLOTS) / clients.length)) as [
      number,
      number,
    ];
    await client.call("CLUSTER", "ADDSLOTSRANGE", `${from}`, `${to - 1}`);
    const bus = (await client.config("GET", "cluster-port")) as string[];
    await first.call("CLUSTER", "MEET", "127.0.0.1", `${client.options.port}`, bus[1] as string);
  }
  const isReady = async (client: Redis) => `${await client.call("CLUSTER", "INFO")}`.includes("cluster_state:ok");
  for (let tries = 0; !(await Promise.all(clients.map(isReady))).every(Boolean); tries++) {
    if (tries > 200) throw new Error("the cluster is not ready after 10 s");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  for (const client of clients) client.disconnect();
  return {
    nodes,
    async stop() {
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}

/** Postgres, with a database `postgres` whose user `postgres` needs no password. */
export async function startPostgres(): Promise<Server> {
  const [folder, port] = [temporaryFolder(), await freePort()];
  const [initdb, postgres] = [programPath("initdb") as string, programPath("postgres") as string];
  // Postgres refuses to run as root.
  const asUser =
    process.getuid?.() === 0 ? (["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] as const) : [];
  if (asUser.length > 0) {
    const { stdout } = spawnSync("id", ["-u", "postgres"], { encoding: "utf8" });
    chownSync(folder, Number(stdout), Number(stdout));
  }
  const run = ([command, ...args]: readonly string[]) => [command as string, args] as const;
  const [command, args] = run([...asUser, initdb, "-D", folder, "-U", "postgres", "-A", "trust", "--no-sync"]);
  const { status, stderr } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`initdb: ${stderr}`);
  accessSync(folder);
  const settings = ["-p", `${port}`, "-h", "127.0.0.1", "-k", folder, "-F"];
  return startIn(folder, run([...asUser, postgres, "-D", folder, ...settings]), port, () => untilQueried(port));
}

/** Connections to the Postgres of a test. An idle one that the server ends is no error of the process. */
export const openPool = (port: number, options: PoolConfig = {}): Pool =>
  new Pool({ host: "127.0.0.1", port, user: "postgres", ...options }).on("error", () => {});

/** Postgres listens before it takes queries. */
async function untilQueried(port: number): Promise<void> {
  const pool = openPool(port);
  for (let tries = 0; ; tries++) {
    try {
      await pool.query("SELECT 1");
      return await pool.end();
    } catch (error) {
      if (tries > 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
