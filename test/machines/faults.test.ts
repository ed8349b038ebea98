import { Redis } from "ioredis";
import { Pool } from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { postgresSchema } from "../../adapters/stores/postgres.js";
import { installed, type Server, startPostgres, startRedis } from "../support/databases.js";
import type { MachineOptions } from "./app.js";
import { pause, startWorld, type World } from "./world.js";

/** Milliseconds within which each request is answered: the time-out of a call of the store, and half a second. */
const ANSWERED = 1_500;

let world: World;
afterEach(() => world?.stop());

interface Engine {
  readonly name: NonNullable<MachineOptions["store"]>["engine"];
  readonly isInstalled: boolean;
  start(): Promise<Server>;
  readonly faults: Readonly<Record<string, Fault>>;
}

/** Makes a database misbehave, and puts it right again. */
interface Fault {
  begin(server: Server): unknown;
  /** Undefined for a database that is started anew, without its data. */
  end(server: Server): unknown;
  /** Reads still work, so that sessions are found. */
  readonly canRead?: boolean;
  /** The data is gone afterwards. */
  readonly losesData?: boolean;
}

const hangs: Fault = {
  begin: ({ pid }) => process.kill(pid, "SIGSTOP"),
  end: ({ pid }) => process.kill(pid, "SIGCONT"),
};

async function redisConfig({ port }: Server, ...settings: string[]): Promise<void> {
  const client = new Redis(port);
  await client.config("SET", ...(settings as [string, string]));
  client.disconnect();
}

const ofRedis: Engine["faults"] = {
  "it hangs": hangs,
  "it is full": {
    begin: (server) => redisConfig(server, "maxmemory", "1", "maxmemory-policy", "noeviction"),
    end: (server) => redisConfig(server, "maxmemory", "0"),
    canRead: true,
  },
  "it is read-only": {
    begin: (server) => redisConfig(server, "min-replicas-to-write", "1"),
    end: (server) => redisConfig(server, "min-replicas-to-write", "0"),
    canRead: true,
  },
};

async function postgresQuery({ port }: Server, text: string): Promise<void> {
  const pool = new Pool({ host: "127.0.0.1", port, user: "postgres" });
  await pool.query(text);
  await pool.end();
}

const engines: readonly Engine[] = [
  { name: "ioredis", isInstalled: installed.redis !== undefined, start: () => startRedis(), faults: ofRedis },
  { name: "node-redis", isInstalled: installed.redis !== undefined, start: () => startRedis(), faults: ofRedis },
  {
    name: "postgres",
    isInstalled: installed.postgres !== undefined,
    async start() {
      const server = await startPostgres();
      await postgresQuery(server, postgresSchema());
      return server;
    },
    faults: {
      "its tables are locked": {
        begin: async (server) => {
          const pool = new Pool({ host: "127.0.0.1", port: server.port, user: "postgres", max: 1 });
          await pool.query("BEGIN");
          await pool.query("LOCK TABLE latchkey_values, latchkey_members IN ACCESS EXCLUSIVE MODE");
          locks.set(server, pool);
        },
        end: async (server) => {
          await locks.get(server)?.end();
          locks.delete(server);
        },
      },
      "it is read-only": {
        begin: async (server) => {
          await postgresQuery(server, "ALTER SYSTEM SET default_transaction_read_only = on");
          await postgresQuery(server, "SELECT pg_reload_conf()");
        },
        end: async (server) => {
          await postgresQuery(server, "ALTER SYSTEM RESET default_transaction_read_only");
          await postgresQuery(server, "SELECT pg_reload_conf()");
        },
        canRead: true,
      },
    },
  },
];
const locks = new Map<Server, Pool>();

describe.each(engines)("$name", ({ name, isInstalled, start, faults }) => {
  describe.skipIf(!isInstalled)("(needs redis-server or postgresql)", () => {
    let server: Server;
    beforeAll(async () => {
      server = await start();
    });
    afterAll(() => server?.stop());

    const rows = Object.entries(faults).flatMap(([fault, { begin, end, canRead = false }]) =>
      (["cookies", "store"] as const).map((storage) => ({ fault, begin, end, canRead, storage })),
    );

    test.each(rows)("sessions in $storage while $fault", async ({ begin, end, canRead, storage }) => {
      world = await startWorld({
        options: { store: { engine: name, port: server.port }, storage, checkEvery: 0 },
      });
      const browser = world.browser();
      const fresh = world.browser();
      await browser.signIn();
      await pause(1_100);
      world.provider.take();
      await begin(server);
      try {
        const signedIn = canRead ? 200 : 503;
        const answers = {
          public: await browser.get("/public"),
          publicWithoutSession: await fresh.get("/public"),
          private: await browser.get("/private"),
          me: await browser.get("/auth/me"),
          // The access token has expired: it is to be refreshed, and the refresh token must not be spent.
          token: await browser.get("/token"),
          login: await fresh.get("/auth/login", { headers: { "sec-fetch-mode": "navigate" } }),
        };
        expect(Object.fromEntries(Object.entries(answers).map(([path, { status }]) => [path, status]))).toEqual({
          public: 200,
          publicWithoutSession: 200,
          private: signedIn,
          me: signedIn,
          token: 503,
          login: 302,
        });
        for (const [path, { took, setCookies }] of Object.entries(answers)) {
          expect([path, took < ANSWERED]).toEqual([path, true]);
          expect([path, setCookies.filter((line) => line.includes("Max-Age=0"))]).toEqual([path, []]);
        }
        expect(world.provider.take()).toBe(0);
        // A callback that comes now keeps its sign-in: it may be sent again.
        const waiting = world.browser();
        const callback = await waiting.navigate("/auth/login?returnTo=/public");
        expect([callback.status, callback.url.includes("/auth/callback?")]).toEqual([503, true]);
        expect(world.provider.state.asked.filter(({ path }) => path === "/token")).toEqual([]);
        await end(server);
        await expect.poll(async () => (await waiting.navigate(callback.url)).status, { timeout: 20_000 }).toBe(200);
      } finally {
        await end(server);
      }
      expect((await browser.get("/private")).status).toBe(200);
      expect((await browser.get("/token")).status).toBe(200);
    });

    test.each(["cookies", "store"] as const)(
      "a sign-out signs the browser out although the store is away, sessions in %s",
      async (storage) => {
        const own = await start();
        world = await startWorld({ options: { store: { engine: name, port: own.port }, storage, checkEvery: 0 } });
        const browser = world.browser();
        await browser.signIn();
        process.kill(own.pid, "SIGSTOP");
        const headers = { "sec-fetch-site": "same-origin" };
        const { status, took } = await browser.get("/auth/logout", { method: "POST", headers });
        process.kill(own.pid, "SIGCONT");
        expect(status).toBe(303);
        // Two calls, since a sign-out is tried once more.
        expect(took).toBeLessThan(2 * ANSWERED);
        await pause(1_000);
        expect((await browser.get("/private")).status).toBe(401);
        await own.stop();
      },
    );
  });
});
