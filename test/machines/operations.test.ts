import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { installed, type Server, startRedis } from "../support/databases.js";
import { type Browser, pause, startWorld, type World } from "./world.js";

let redis: Server;
let world: World;
beforeAll(async () => {
  if (installed.redis) redis = await startRedis();
});
afterEach(() => world?.stop());
afterAll(() => redis?.stop());

const OLD = "the old secret of the machines, of 32 characters";
const NEW = "the new secret of the machines, of 32 characters";

/** Signs some users in, each request on the next machine. */
async function signInSome(): Promise<Browser[]> {
  const browsers = Array.from({ length: 6 }, () => world.browser());
  for (const browser of browsers) await browser.signIn();
  return browsers;
}

/** The statuses of a page that needs a session, for each browser on each machine. */
async function statusesOf(browsers: readonly Browser[]): Promise<Set<number>> {
  const statuses = new Set<number>();
  for (const browser of browsers) {
    for (const machine of world.machines.keys()) statuses.add((await browser.get("/private", { machine })).status);
  }
  return statuses;
}

describe.each(["cookies", "store"] as const)("sessions in %s", (storage) => {
  const options = () =>
    storage === "store" ? { store: { engine: "ioredis" as const, port: redis.port }, storage } : {};

  test.skipIf(storage === "store" && !installed.redis)(
    "a new secret, in the documented steps, signs nobody out and fails no sign-in",
    async () => {
      const secrets: string[][] = [[OLD], [OLD]];
      world = await startWorld({ options: options(), optionsOf: (index) => ({ secret: secrets[index] as string[] }) });
      const browsers = await signInSome();
      // Known to all machines first, then the first of the list; one machine at a time.
      for (const step of [
        [OLD, NEW],
        [NEW, OLD],
      ]) {
        for (const machine of world.machines.keys()) {
          secrets[machine] = step;
          await world.restart(machine);
          browsers.push(...(await signInSome()));
          expect(await statusesOf(browsers)).toEqual(new Set([200]));
        }
      }
    },
  );

  test.skipIf(storage === "store" && !installed.redis).each([
    [0, 90],
    [-25, 65],
  ])("the clocks of machines %d s and %d s ahead fail no sign-in, and sign nobody out", async (...ahead) => {
    world = await startWorld({
      options: options(),
      optionsOf: (index) => ({ ahead: (ahead[index] as number) * 1_000 }),
    });
    const browsers = await signInSome();
    expect(await statusesOf(browsers)).toEqual(new Set([200]));
    for (const [index, browser] of browsers.entries()) {
      const headers = { "sec-fetch-site": "same-origin" };
      await browser.get("/auth/logout", { machine: index % 2, method: "POST", headers });
    }
    expect(await statusesOf(browsers)).toEqual(new Set([401]));
    for (const browser of browsers) await browser.signIn();
    expect(await statusesOf(browsers)).toEqual(new Set([200]));
  });
});

test.skipIf(!installed.redis)(
  "a machine that gets SIGTERM finishes its refresh, and ends (needs redis-server)",
  async () => {
    world = await startWorld({ options: { store: { engine: "ioredis", port: redis.port } } });
    const browser = world.browser();
    await browser.signIn();
    await pause(1_100);
    world.provider.state.delay = 1_000;
    const { child } = world.machines[0] as World["machines"][number];
    const ended = new Promise((resolve) => child.once("exit", resolve));
    const answer = browser.get("/token", { machine: 0 });
    await pause(500);
    child.kill("SIGTERM");
    expect((await answer).status).toBe(200);
    expect(await ended).toBe(0);
    expect((await browser.get("/token", { machine: 1 })).body).toEqual((await answer).body);
  },
);
