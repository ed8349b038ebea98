import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { installed, type RedisCluster, startRedisCluster } from "../support/databases.js";
import { pause, startWorld, type World } from "./world.js";

const TRIALS = Number(process.env["LATCHKEY_TRIALS"] ?? 1);

let cluster: RedisCluster;
let world: World;
beforeAll(async () => {
  if (installed.redis) cluster = await startRedisCluster();
});
afterEach(() => world?.stop());
afterAll(() => cluster?.stop());

const rows = (["ioredis", "node-redis"] as const).flatMap((engine) =>
  (["cookies", "store"] as const).map((storage) => ({ engine, storage })),
);

describe.skipIf(!installed.redis)("a Redis Cluster of three masters (needs redis-server)", () => {
  test.each(rows)(
    "over $engine, sessions in $storage: users refresh once, and are signed out everywhere",
    async ({ engine, storage }) => {
      const { port } = cluster.nodes[0] as RedisCluster["nodes"][number];
      world = await startWorld({ options: { store: { engine, port, isCluster: true }, storage, checkEvery: 0 } });
      world.provider.state.delay = 100;
      for (let trial = 0; trial < TRIALS; trial++) {
        // Several users, so that their keys are on all masters.
        const browsers = Array.from({ length: TRIALS > 1 ? 6 : 3 }, () => world.browser());
        await Promise.all(browsers.map((browser, index) => browser.signIn(`user-${trial}-${index}`)));
        await pause(1_100);
        world.provider.take();
        for (const browser of browsers) {
          const cookie = browser.jar.header(world.url);
          const answers = await Promise.all(Array.from({ length: 50 }, () => browser.get("/token", { cookie })));
          expect(answers.filter(({ status }) => status !== 200).map(({ body }) => body)).toEqual([]);
          expect(new Set(answers.map(({ body }) => body["token"])).size).toBe(1);
          expect(world.provider.take()).toBe(1);
        }
        for (const [index, browser] of browsers.entries()) {
          const sub = `user-${trial}-${index}`;
          expect((await browser.get(`/sessions?sub=${sub}`)).body).toHaveLength(1);
          expect((await browser.get("/private")).status).toBe(200);
          await browser.get(`/sign-out-everywhere?sub=${sub}`);
          expect((await browser.get("/private")).status).toBe(401);
        }
      }
    },
  );
});
