import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { installed, type Server, startRedis } from "../support/databases.js";
import { type Answer, type Browser, pause, startWorld, type World } from "./world.js";

/** How often each storm is repeated: a few times in `npm test`, twenty times by `npm run test:machines`. */
const TRIALS = Number(process.env["LATCHKEY_TRIALS"] ?? 1);

let redis: Server;
let world: World;
beforeAll(async () => {
  if (installed.redis) redis = await startRedis();
});
afterEach(() => world?.stop());
afterAll(() => redis?.stop());

const shared = (storage: "cookies" | "store") => ({
  store: { engine: "ioredis" as const, port: redis.port },
  storage,
});

/** Signs in, and waits until the access token has expired. */
async function expired(browser: Browser): Promise<void> {
  await browser.signIn();
  await pause(1_100);
  world.provider.take();
}

/** The token of each answer. */
const tokensOf = (answers: readonly Answer[]) => answers.map(({ body }) => body["token"]);

describe.skipIf(!installed.redis)("a refresh token is spent once (needs redis-server)", () => {
  const storms = [2, 50, 200].flatMap((requests) =>
    [2, 3].flatMap((machines) =>
      (["cookies", "store"] as const).flatMap((storage) =>
        [0, 100, 4_000].map((delay) => ({ requests, machines, storage, delay })),
      ),
    ),
  );
  // All of them only where trials are asked for: a delay of four seconds takes four seconds.
  const some = TRIALS > 1 ? storms : storms.filter(({ machines, delay }) => machines === 2 && delay === 100);

  test.each(some)(
    "$requests requests, $machines machines, $storage, the provider takes $delay ms",
    async ({ requests, machines, storage, delay }) => {
      world = await startWorld({ machines, options: shared(storage) });
      world.provider.state.delay = delay;
      for (let trial = 0; trial < TRIALS; trial++) {
        const browser = world.browser();
        await expired(browser);
        const cookie = browser.jar.header(world.url);
        const answers = await Promise.all(Array.from({ length: requests }, () => browser.get("/token", { cookie })));
        expect(answers.filter(({ status }) => status !== 200).map(({ body }) => body)).toEqual([]);
        expect(new Set(tokensOf(answers)).size).toBe(1);
        expect(world.provider.take()).toBe(1);
        expect(await world.provider.isGood(tokensOf(answers)[0] as string)).toBe(true);
        for (const machine of Array(machines).keys())
          expect((await browser.get("/private", { machine })).status).toBe(200);
      }
    },
  );
});

describe.skipIf(!installed.redis).each([["cookies"], ["store"]] as const)(
  "sessions in %s (needs redis-server)",
  (storage) => {
    const start = async () => {
      world = await startWorld({ options: { ...shared(storage), httpTimeout: 2 } });
      const browser = world.browser();
      await expired(browser);
      return browser;
    };

    // The result is served for 30 seconds: the end of them is tried where trials are asked for.
    test.each(TRIALS > 1 ? [1, 29] : [1])(
      "old cookies on the other machine bring the same token %d s later, and no further token request",
      async (seconds) => {
        const browser = await start();
        const cookie = browser.jar.header(world.url);
        const [first] = tokensOf([await browser.get("/token", { machine: 0 })]);
        await pause(seconds * 1_000);
        const late = await browser.clone().get("/token", { machine: 1, cookie });
        expect([late.status, late.body["token"]]).toEqual([200, first]);
        expect(world.provider.take()).toBe(1);
      },
    );

    test("a handler that throws after a refresh loses no token: the other machine has it a minute later", async () => {
      const browser = await start();
      const cookie = browser.jar.header(world.url);
      // The error page of the app: its response carries the cookies, but this browser does not get it.
      expect((await browser.clone().get("/token-then-throw", { machine: 0 })).status).toBe(500);
      await pause(TRIALS > 1 ? 25_000 : 500);
      const next = await browser.get("/token", { machine: 1, cookie });
      expect(next.status).toBe(200);
      expect(await world.provider.isGood(next.body["token"] as string)).toBe(true);
      expect(world.provider.take()).toBe(1);
    });

    test("a machine that is killed before it asked the provider costs nobody the session", async () => {
      const browser = await start();
      let killed = false;
      world.provider.state.onToken = () => {
        // The request dies with its machine: the provider does not get to see it.
        if (!killed) world.machines[0]?.child.kill("SIGKILL");
        const isFirst = !killed;
        killed = true;
        return isFirst;
      };
      const cookie = browser.jar.header(world.url);
      const leader = browser.clone().get("/token", { machine: 0, cookie });
      await pause(50);
      const follower = await browser.clone().get("/token", { machine: 1, cookie });
      expect((await leader).status).toBe(502);
      expect(follower.took).toBeLessThanOrEqual(3_000);
      expect([200, 503]).toContain(follower.status);
      // The reservation of the dead machine is over soon after the time-out of its request.
      await pause(5_500);
      const next = await browser.get("/token", { machine: 1, cookie });
      expect(next.status).toBe(200);
      expect((await browser.get("/private", { machine: 1 })).status).toBe(200);
    });

    test("a machine that is killed while the provider answers keeps nobody waiting", async () => {
      const browser = await start();
      world.provider.state.delay = 700;
      const cookie = browser.jar.header(world.url);
      const leader = browser.clone().get("/token", { machine: 0, cookie });
      await pause(350);
      world.machines[0]?.child.kill("SIGKILL");
      const followers = await Promise.all([0, 1, 2].map(() => browser.clone().get("/token", { machine: 1, cookie })));
      expect((await leader).status).toBe(502);
      for (const { status, took, body } of followers) {
        expect([status, body["code"]]).toEqual([503, "provider_unreachable"]);
        expect(took).toBeLessThanOrEqual(3_000);
      }
      // The session itself lives: only its refresh token is gone with the machine.
      expect((await browser.get("/private", { machine: 1, cookie })).status).toBe(200);
    });

    test("a machine that is killed with the provider's answer, before it stored anything, keeps nobody waiting", async () => {
      const browser = await start();
      world.provider.state.delay = 500;
      const cookie = browser.jar.header(world.url);
      const { child } = world.machines[0] as World["machines"][number];
      const leader = browser.clone().get("/token", { machine: 0, cookie });
      await expect.poll(() => world.provider.state.asked.some(({ path }) => path === "/token")).toBe(true);
      // From now on the machine does nothing, so the answer reaches it and is lost with it.
      child.kill("SIGSTOP");
      const followers = [0, 1, 2].map(() => browser.clone().get("/token", { machine: 1, cookie }));
      await pause(1_000);
      child.kill("SIGKILL");
      expect((await leader).status).toBe(502);
      for (const { status, took, body } of await Promise.all(followers)) {
        expect([status, body["code"]]).toEqual([503, "provider_unreachable"]);
        expect(took).toBeLessThanOrEqual(3_000);
      }
      expect((await browser.get("/private", { machine: 1, cookie })).status).toBe(200);
      if (TRIALS === 1) return;
      // The reservation of the dead machine is over. This provider revokes the grant when it sees the spent token again.
      await pause(5_500);
      const last = await browser.get("/token", { machine: 1, cookie });
      expect(last.took).toBeLessThanOrEqual(3_000);
      expect([last.status, last.body["code"]]).toEqual(
        storage === "store" ? [401, "grant_ended"] : [503, "refresh_conflict"],
      );
    });

    test("a machine that is killed before it responds costs nobody the session, once it has stored the tokens", async () => {
      const browser = await start();
      const cookie = browser.jar.header(world.url);
      const leader = browser.clone().get("/token-then-wait", { machine: 0, cookie });
      await pause(500);
      world.machines[0]?.child.kill("SIGKILL");
      expect((await leader).status).toBe(502);
      const next = await browser.get("/token", { machine: 1, cookie });
      expect([next.status, await world.provider.isGood(next.body["token"] as string)]).toEqual([200, true]);
      expect(world.provider.take()).toBe(1);
    });
  },
);

describe.skipIf(!installed.redis)("sessions in the store (needs redis-server)", () => {
  test("a token is refreshed after the headers have left, and the other machine has it", async () => {
    world = await startWorld({ options: shared("store") });
    const browser = world.browser();
    await expired(browser);
    const { text } = (await browser.get("/token-after-headers", { machine: 0 })).body as { text: string };
    expect(text).toMatch(/^begun \S{20}/);
    expect((await browser.get("/token", { machine: 1 })).body["token"]).toBe(text.slice("begun ".length));
    expect(world.provider.take()).toBe(1);
  });
});

describe("without a store", () => {
  test("a provider that refuses a spent token, and leaves the grant alone, signs nobody out", async () => {
    world = await startWorld();
    world.provider.state.reuse = "refuses";
    world.provider.state.lifetimes.refresh = 3_600;
    for (let trial = 0; trial < Math.max(5, TRIALS); trial++) {
      const browser = world.browser();
      await expired(browser);
      const cookie = browser.jar.header(world.url);
      const answers = await Promise.all([0, 1].map((machine) => browser.get("/token", { machine, cookie })));
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 503]);
      expect(answers.find(({ status }) => status === 503)?.body["code"]).toBe("refresh_conflict");
      for (const machine of [0, 1]) {
        expect((await browser.get("/private", { machine })).status).toBe(200);
        const again = await browser.get("/token", { machine });
        expect([again.status, await world.provider.isGood(again.body["token"] as string)]).toEqual([200, true]);
      }
    }
  });

  test("a grant that has ended ends the session all the same, ten seconds after the first refusal", async () => {
    world = await startWorld({ machines: 1 });
    const browser = world.browser();
    await expired(browser);
    for (const grant of [...world.provider.storage.keys()])
      if (/RefreshToken|Grant/.test(grant)) world.provider.storage.delete(grant);
    const first = await browser.get("/token");
    expect([first.status, first.body["code"]]).toEqual([503, "refresh_conflict"]);
    expect((await browser.get("/token")).body["code"]).toBe("refresh_conflict");
    expect((await browser.get("/private")).status).toBe(200);
    await pause(10_100);
    const last = await browser.get("/token");
    expect([last.status, last.body["code"]]).toEqual([401, "grant_ended"]);
    expect((await browser.get("/private")).status).toBe(401);
  });
});
