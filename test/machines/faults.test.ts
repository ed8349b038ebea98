import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Database, engines } from "./engines.js";
import { pause, startWorld, type World } from "./world.js";

/** Milliseconds within which each request is answered: the time-out of a call of the store, and half a second. */
const ANSWERED = 1_500;

/** Each fault with both storages only where trials are asked for: a database that does not answer takes its time. */
const TRIALS = Number(process.env["LATCHKEY_TRIALS"] ?? 1);
const storages = ["cookies", "store"] as const;

let world: World;
afterEach(() => world?.stop());

describe.each(engines)("$name", ({ name, isInstalled, start, faults }) => {
  describe.skipIf(!isInstalled)("(needs redis-server or postgresql)", () => {
    let database: Database;
    beforeAll(async () => {
      database = await start();
    });
    afterAll(() => database?.stop());

    const rows = Object.entries(faults).flatMap(([fault, { begin, end, canRead = false }], index) =>
      storages
        .filter((_, which) => TRIALS > 1 || which === index % 2)
        .map((storage) => ({ fault, begin, end, canRead, storage })),
    );

    test.each(rows)("sessions in $storage while $fault", async ({ begin, end, canRead, storage }) => {
      world = await startWorld({
        options: { store: { engine: name, port: database.proxy.port }, storage, checkEvery: 0 },
      });
      const browser = world.browser();
      const fresh = world.browser();
      await browser.signIn();
      await pause(1_100);
      world.provider.take();
      await begin(database);
      try {
        const signedIn = canRead ? 200 : 503;
        const expected = {
          public: 200,
          publicWithoutSession: 200,
          private: signedIn,
          me: signedIn,
          token: 503,
          login: 302,
        };
        const requests = {
          public: browser.get("/public"),
          publicWithoutSession: fresh.get("/public"),
          private: browser.get("/private"),
          me: browser.get("/auth/me"),
          // The access token has expired: it is to be refreshed, and the refresh token must not be spent.
          token: browser.get("/token"),
          login: fresh.get("/auth/login", { headers: { "sec-fetch-mode": "navigate" } }),
        };
        for (const [path, request] of Object.entries(requests)) {
          const { status, took, setCookies } = await request;
          expect([path, status]).toEqual([path, expected[path as keyof typeof expected]]);
          expect([path, took < ANSWERED]).toEqual([path, true]);
          expect([path, setCookies.filter((line) => line.includes("Max-Age=0"))]).toEqual([path, []]);
        }
        expect(world.provider.take()).toBe(0);
        // A callback that comes now keeps its sign-in: it may be sent again.
        const waiting = world.browser();
        const callback = await waiting.navigate("/auth/login?returnTo=/public");
        expect([callback.status, callback.url.includes("/auth/callback?")]).toEqual([503, true]);
        expect(world.provider.state.asked.filter(({ path }) => path === "/token")).toEqual([]);
        await end(database);
        await expect.poll(async () => (await waiting.navigate(callback.url)).status, { timeout: 20_000 }).toBe(200);
      } finally {
        await end(database);
      }
      // Answers that are late may still come: until then they keep the answers behind them waiting.
      for (const path of ["/private", "/token"]) {
        for (const machine of world.machines.keys())
          await expect.poll(async () => (await browser.get(path, { machine })).status, { timeout: 5_000 }).toBe(200);
      }
    });

    test.each(storages)(
      "a sign-out signs the browser out although the store is away, sessions in %s",
      async (storage) => {
        world = await startWorld({
          options: { store: { engine: name, port: database.proxy.port }, storage, checkEvery: 0 },
        });
        const browser = world.browser();
        await browser.signIn();
        process.kill(database.server.pid, "SIGSTOP");
        const headers = { "sec-fetch-site": "same-origin" };
        const { status, took } = await browser.get("/auth/logout", { method: "POST", headers });
        process.kill(database.server.pid, "SIGCONT");
        expect(status).toBe(303);
        // Two calls, since a sign-out is tried once more.
        expect(took).toBeLessThan(2 * ANSWERED);
        await pause(1_000);
        expect((await browser.get("/private")).status).toBe(401);
      },
    );
  });
});
