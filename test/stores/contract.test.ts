import { Cluster, Redis } from "ioredis";
import type { Pool } from "pg";
import { createClient, createCluster } from "redis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { postgresSchema, postgresStore } from "../../adapters/stores/postgres.js";
import { redisStore, upstashStore } from "../../adapters/stores/redis.js";
import { checkStore } from "../../adapters/testing/check-store.js";
import { createMemoryPort } from "../../core/store/memory.js";
import type { StorePort } from "../../core/store/port.js";
import {
  installed,
  openPool,
  type RedisCluster,
  type Server,
  startPostgres,
  startRedis,
  startRedisCluster,
} from "../support/databases.js";
import { startUpstash } from "../support/upstash.js";

/** Two connections to one database, as two machines have them. */
interface Opened {
  readonly stores: readonly [StorePort, StorePort];
  close(): Promise<unknown>;
}

const ioredis = (server: Server): Opened => {
  const clients = [new Redis(server.port), new Redis(server.port)] as const;
  return {
    stores: [redisStore(clients[0]), redisStore(clients[1])],
    close: async () => clients.map((client) => client.disconnect()),
  };
};

async function nodeRedis(server: Server): Promise<Opened> {
  const open = () =>
    createClient({ url: `redis://127.0.0.1:${server.port}` })
      .on("error", () => {})
      .connect();
  const clients = [await open(), await open()] as const;
  return {
    stores: [redisStore(clients[0]), redisStore(clients[1])],
    close: () => Promise.all(clients.map((client) => client.close())),
  };
}

async function upstash(server: Server): Promise<Opened> {
  const rest = await startUpstash(server);
  const store = () => upstashStore({ url: rest.url, token: rest.token });
  return { stores: [store(), store()], close: rest.stop };
}

async function postgres(server: Server): Promise<Opened> {
  const pools = [0, 1].map(() => openPool(server.port, { max: 5 }));
  const [first, second] = pools as [Pool, Pool];
  await first.query(postgresSchema());
  return {
    stores: [postgresStore(first), postgresStore(second)],
    close: () => Promise.all(pools.map((pool) => pool.end())),
  };
}

test("the store in memory keeps its contract", async () => {
  await checkStore(createMemoryPort(Date.now));
});

const engines = [
  { name: "Redis", program: installed.redis, start: () => startRedis(installed.redis) },
  { name: "Valkey", program: installed.valkey, start: () => startRedis(installed.valkey) },
] as const;

for (const { name, program, start } of engines) {
  describe.skipIf(!program)(`${name} (needs ${name.toLowerCase()}-server)`, () => {
    let server: Server;
    beforeAll(async () => {
      server = await start();
    });
    afterAll(() => server?.stop());

    test.each([
      ["ioredis", ioredis],
      ["node-redis", nodeRedis],
      ["Upstash's REST API", upstash],
    ])("over %s it keeps its contract", async (_name, open) => {
      const { stores, close } = await open(server);
      await checkStore(stores[0], { another: stores[1] });
      await close();
    });
  });
}

describe.skipIf(!installed.redis)("a Redis Cluster (needs redis-server)", () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster();
  });
  afterAll(() => cluster?.stop());

  test("over ioredis it keeps its contract", async () => {
    const open = () => new Cluster([...cluster.nodes]);
    const clients = [open(), open()] as const;
    await checkStore(redisStore(clients[0]), { another: redisStore(clients[1]) });
    for (const client of clients) client.disconnect();
  });

  test("over node-redis it keeps its contract", async () => {
    const rootNodes = cluster.nodes.map(({ host, port }) => ({ url: `redis://${host}:${port}` }));
    const open = () =>
      createCluster({ rootNodes })
        .on("error", () => {})
        .connect();
    const clients = [await open(), await open()] as const;
    await checkStore(redisStore(clients[0]), { another: redisStore(clients[1]) });
    for (const client of clients) client.destroy();
  });
});

describe.skipIf(!installed.postgres)("Postgres (needs postgresql)", () => {
  let server: Server;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server?.stop());

  test("it keeps its contract", async () => {
    const { stores, close } = await postgres(server);
    await checkStore(stores[0], { another: stores[1] });
    await close();
  });

  test("rows whose time is over are deleted on the way", async () => {
    const { stores, close } = await postgres(server);
    const pool = openPool(server.port);
    const count = async () => Number((await pool.query("SELECT count(*) FROM latchkey_values")).rows[0].count);
    for (let index = 0; index < 50; index++) await stores[0].add(`over:${index}`, "value", 1);
    const before = await count();
    for (let index = 0; index < 60; index++) await stores[0].add(`live:${index}`, "value", 60_000);
    expect(await count()).toBeLessThanOrEqual(before + 60 - 50);
    await pool.end();
    await close();
  });
});

describe("a store that breaks a promise is found", () => {
  const good = () => createMemoryPort(Date.now);
  const broken: readonly (readonly [promise: string, store: StorePort])[] = [
    ["add does not look", { ...good(), add: async (_key, value) => value }],
    ["replace does not look", { ...good(), replace: async (_key, _expected, value) => value }],
    ["nothing ends", createMemoryPort(() => 0)],
    ["extend does nothing", { ...good(), extend: async () => {} }],
    ["delete does nothing", { ...good(), delete: async () => {} }],
    ["a set has one member", { ...good(), members: async () => ["one"] }],
    ["a function rejects", { ...good(), get: () => Promise.reject(new Error("away")) }],
    ["removeMember does nothing", { ...good(), removeMember: async () => {} }],
  ];
  test.each(broken)("%s", async (_promise, store) => {
    await expect(checkStore(store, { shortLife: 100 })).rejects.toMatchObject({ code: "invalid_store" });
  });
});
