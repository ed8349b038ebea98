import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { installed, type Server, startRedis } from "../support/databases.js";
import { Load } from "./load.js";
import { type Browser, pause, startWorld, type World, type WorldOptions } from "./world.js";

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

/** Only with sessions in the store, and for a short time, unless trials are asked for. */
const TRIALS = Number(process.env["LATCHKEY_TRIALS"] ?? 1);
const modes = ["no store", "cookies", "store"] as const;

describe.each(TRIALS > 1 ? modes : (["store"] as const))("under load, %s", (mode) => {
  const hasStore = mode !== "no store";
  const start = async (optionsOf: WorldOptions["optionsOf"]) => {
    const store = { engine: "ioredis" as const, port: redis?.port };
    world = await startWorld({ options: hasStore ? { store, storage: mode } : {}, ...(optionsOf && { optionsOf }) });
    // Without a store, a provider that revokes the grant signs users out: see refresh.test.ts.
    if (!hasStore) world.provider.state.reuse = "refuses";
  };

  /** Users who sign in, use both machines at once when their access token has expired, and come again. */
  async function visit(count: number, isOver: () => boolean) {
    const visits = { signIns: 0, requests: 0, unexpected: [] as unknown[] };
    const check = ({ status, body, setCookies }: Awaited<ReturnType<Browser["get"]>>, path: string) => {
      visits.requests++;
      const isConflict = !hasStore && path === "/token" && body["code"] === "refresh_conflict";
      const isDeleted = setCookies.some((line) => line.includes(".id.") && line.includes("Max-Age=0"));
      if ((status !== 200 && !isConflict) || isDeleted) visits.unexpected.push({ path, status, body, setCookies });
    };
    const user = async (name: string) => {
      while (!isOver()) {
        const browser = world.browser();
        await browser.signIn(name);
        visits.signIns++;
        await pause(1_100);
        for (let round = 0; round < 3; round++) {
          const answers = [0, 1, 0, 1].map((machine) => browser.get("/token", { machine }));
          for (const answer of await Promise.all(answers)) check(answer, "/token");
          for (const machine of [0, 1]) check(await browser.get("/private", { machine }), "/private");
          await pause(200);
        }
      }
    };
    await Promise.all(Array.from({ length: count }, (_, index) => user(`user-${index}`)));
    return visits;
  }

  /** Runs `task` beside users who stay signed in and users who come and go. */
  async function underLoad(task: () => Promise<unknown>): Promise<void> {
    const residents = Array.from({ length: TRIALS > 1 ? 8 : 2 }, () => world.browser());
    for (const browser of residents) await browser.signIn("resident");
    await pause(1_100);
    const load = new Load(residents, ["/public", "/private"]);
    let isOver = false;
    const end = async () => {
      await task();
      isOver = true;
    };
    const [visits] = await Promise.all([visit(TRIALS > 1 ? 8 : 3, () => isOver), end()]);
    await load.stop();
    if (TRIALS > 1) console.log(JSON.stringify([mode, visits, load.figures()]));
    expect(visits.unexpected).toEqual([]);
    expect(visits.signIns).toBeGreaterThan(2);
    expect(load.unexpected([])).toEqual([]);
    expect(await statusesOf(residents)).toEqual(new Set([200]));
  }

  test.skipIf(hasStore && !installed.redis)("a new secret in steps, while machines are replaced", async () => {
    const secrets: string[][] = [[OLD], [OLD]];
    await start((index) => ({ secret: secrets[index] as string[] }));
    await underLoad(async () => {
      for (const step of [
        [OLD, NEW],
        [NEW, OLD],
      ]) {
        for (const machine of world.machines.keys()) {
          secrets[machine] = step;
          await world.replace(machine);
          await pause(TRIALS > 1 ? 4_000 : 500);
        }
      }
    });
  });

  test.skipIf(hasStore && !installed.redis).each([
    [0, 90],
    [-25, 65],
  ])("the clocks of machines %d s and %d s ahead", async (...ahead) => {
    await start((index) => ({ ahead: (ahead[index] as number) * 1_000 }));
    await underLoad(() => pause(TRIALS > 1 ? 20_000 : 2_000));
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
