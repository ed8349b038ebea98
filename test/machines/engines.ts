import { Redis } from "ioredis";
import type { Pool } from "pg";
import { postgresSchema } from "../../adapters/stores/postgres.js";
import { installed, openPool, type Server, startPostgres, startRedis } from "../support/databases.js";
import type { MachineOptions } from "./app.js";
import { type DatabaseProxy, startProxy } from "./proxy.js";

/** A database, and the proxy through which the machines reach it. */
export interface Database {
  readonly server: Server;
  readonly proxy: DatabaseProxy;
  stop(): Promise<void>;
}

/** Makes a database misbehave, and puts it right again. */
export interface Fault {
  begin(database: Database): unknown;
  /** May be called twice, and for a fault that has not begun. */
  end(database: Database): unknown;
  /** Reads still work, so that sessions are found. */
  readonly canRead?: boolean;
}

/** A client and its database. */
export interface Engine {
  readonly name: NonNullable<MachineOptions["store"]>["engine"];
  readonly isInstalled: boolean;
  start(): Promise<Database>;
  /** Faults that last until they are ended. */
  readonly faults: Readonly<Record<string, Fault>>;
}

const hangs: Fault = {
  begin: ({ server }) => process.kill(server.pid, "SIGSTOP"),
  end: ({ server }) => process.kill(server.pid, "SIGCONT"),
};

/** Faults of every database. */
export const killed: Fault = {
  begin: ({ server }) => server.kill(),
  end: ({ server }) => server.restart(),
};
const slow: Fault = {
  begin: ({ proxy }) => (proxy.delay = () => 2_000),
  end: ({ proxy }) => (proxy.delay = () => 0),
};
const resets: Fault = {
  begin({ proxy }) {
    proxy.refuses = true;
    proxy.reset();
  },
  end: ({ proxy }) => (proxy.refuses = false),
};
const ofAll = { "it was killed": killed, "it takes 2 s": slow, "its connections are reset": resets };

async function withProxy(server: Server): Promise<Database> {
  const proxy = await startProxy(server.port);
  const stop = async () => {
    await proxy.stop();
    await server.stop();
  };
  return { server, proxy, stop };
}

async function redisConfig({ server }: Database, ...settings: string[]): Promise<void> {
  const client = new Redis(server.port);
  await client.config("SET", ...(settings as [string, string]));
  client.disconnect();
}

const redis = {
  isInstalled: installed.redis !== undefined,
  // With a file, as docs/guides/stores.md recommends, so that sessions in the store survive the process.
  start: async () => withProxy(await startRedis(installed.redis, ["--appendonly", "yes"])),
  faults: {
    "it hangs": hangs,
    "it is full": {
      begin: (database) => redisConfig(database, "maxmemory", "1", "maxmemory-policy", "noeviction"),
      end: (database) => redisConfig(database, "maxmemory", "0"),
      canRead: true,
    },
    "it is read-only": {
      begin: (database) => redisConfig(database, "min-replicas-to-write", "1"),
      end: (database) => redisConfig(database, "min-replicas-to-write", "0"),
      canRead: true,
    },
    ...ofAll,
  },
} satisfies Omit<Engine, "name">;

async function postgresQuery({ server }: Pick<Database, "server">, text: string): Promise<void> {
  const pool = openPool(server.port);
  await pool.query(text);
  await pool.end();
}

const locks = new Map<Server, Pool>();

const postgres = {
  isInstalled: installed.postgres !== undefined,
  async start() {
    const server = await startPostgres();
    await postgresQuery({ server }, postgresSchema());
    return withProxy(server);
  },
  faults: {
    "its tables are locked": {
      begin: async ({ server }) => {
        const pool = openPool(server.port, { max: 1 });
        await pool.query("BEGIN");
        await pool.query("LOCK TABLE latchkey_values, latchkey_members IN ACCESS EXCLUSIVE MODE");
        locks.set(server, pool);
      },
      end: async ({ server }) => {
        await locks.get(server)?.end();
        locks.delete(server);
      },
    },
    "it is read-only": {
      begin: async (database) => {
        await postgresQuery(database, "ALTER SYSTEM SET default_transaction_read_only = on");
        await postgresQuery(database, "SELECT pg_reload_conf()");
      },
      end: async (database) => {
        await postgresQuery(database, "ALTER SYSTEM RESET default_transaction_read_only");
        await postgresQuery(database, "SELECT pg_reload_conf()");
      },
      canRead: true,
    },
    ...ofAll,
  },
} satisfies Omit<Engine, "name">;

export const engines: readonly Engine[] = [
  { name: "ioredis", ...redis },
  { name: "node-redis", ...redis },
  { name: "postgres", ...postgres },
];
