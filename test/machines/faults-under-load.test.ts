import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Database, engines, type Fault, killed } from "./engines.js";
import { Load } from "./load.js";
import { type Answer, type Browser, pause, startWorld, type World } from "./world.js";

/** Milliseconds within which a page is answered: the time-out of a call of the store, and half a second. */
const ANSWERED = 1_500;
/** Seconds that a request to the provider may take. */
const HTTP_TIMEOUT = 2;
/** The calls of one refresh one after the other, at most; each may take the time-out of the store. */
const CALLS = 8;

/** All of them only where trials are asked for. */
const TRIALS = Number(process.env["LATCHKEY_TRIALS"] ?? 1);

let world: World;
afterEach(() => world?.stop());

/** Faults that come and go while requests are under way. */
const faults: Readonly<Record<string, Fault>> = {
  "it is killed and started again": killed,
  "it takes 0.5 to 3 s for each answer": {
    begin: ({ proxy }) => (proxy.delay = () => 500 + Math.random() * 2_500),
    end: ({ proxy }) => (proxy.delay = () => 0),
  },
  "its connections are reset every 100 ms": {
    begin: ({ proxy }) =>
      void resetting.set(
        proxy,
        setInterval(() => proxy.reset(), 100),
      ),
    end: ({ proxy }) => clearInterval(resetting.get(proxy)),
  },
};
const resetting = new Map<unknown, NodeJS.Timeout>();

describe.each(engines)("$name", ({ name, isInstalled, start }) => {
  describe.skipIf(!isInstalled)("(needs redis-server or postgresql)", () => {
    let database: Database;
    beforeAll(async () => {
      database = await start();
    });
    afterAll(() => database?.stop());

    const rows = Object.entries(faults).flatMap(([fault, { begin, end }]) =>
      (["cookies", "store"] as const).map((storage) => ({ fault, begin, end, storage })),
    );
    const some = TRIALS > 1 ? rows : rows.filter(({ begin, storage }) => begin === killed.begin && storage === "store");

    test.each(some)("sessions in $storage, with requests under way, while $fault", async ({ begin, end, storage }) => {
      world = await startWorld({
        options: {
          store: { engine: name, port: database.proxy.port },
          storage,
          checkEvery: 0,
          httpTimeout: HTTP_TIMEOUT,
        },
      });
      world.provider.state.lifetimes = { signIn: 1, refresh: 1 };
      world.provider.state.delay = 300;
      for (let trial = 0; trial < TRIALS; trial++) {
        const browsers = Array.from({ length: TRIALS > 1 ? 6 : 3 }, () => world.browser());
        for (const [index, browser] of browsers.entries()) await browser.signIn(`user-${trial}-${index}`);
        const load = new Load(browsers);
        await pause(1_000);
        await begin(database);
        await pause(2_500);
        await end(database);
        await pause(1_500);
        await load.stop();
        expect(load.unexpected()).toEqual([]);
        if (TRIALS > 1) console.log(JSON.stringify([name, storage, load.figures(), { lag: load.lag }]));
        const limit = ANSWERED + load.lag;
        expect(load.longest("/public")).toBeLessThan(limit);
        expect(load.longest("/private")).toBeLessThan(limit);
        expect(load.longest("/token")).toBeLessThan(limit + (CALLS - 1 + HTTP_TIMEOUT) * 1_000);
        for (const browser of browsers) await expectSignedIn(browser);
      }
    });
  });
});

/** Everybody is signed in afterwards, with a token that the provider knows, on every machine. */
async function expectSignedIn(browser: Browser): Promise<void> {
  for (const machine of world.machines.keys()) {
    await expect.poll(async () => (await browser.get("/private", { machine })).status, { timeout: 5_000 }).toBe(200);
    let answer: Answer | undefined;
    const statusOfToken = async () => {
      answer = await browser.get("/token", { machine });
      return [answer.status, answer.body["code"]];
    };
    // A reservation of a refresh that the fault has cut short ends with the time-outs of both.
    await expect.poll(statusOfToken, { timeout: 10_000 }).toEqual([200, undefined]);
    expect(await world.provider.isGood(answer?.body["token"] as string)).toBe(true);
  }
}
