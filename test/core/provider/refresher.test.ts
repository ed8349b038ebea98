import { describe, expect, test } from "vitest";
import type { RefreshEntry } from "../../../core/provider/refresh-entries.js";
import { refreshOnce } from "../../../core/provider/refresher.js";
import { createTime, never, watch } from "../../support/time.js";

/** Milliseconds after which a request to the provider fails in these tests. */
const TIMEOUT = 1000;

describe("a refresh token that several requests hold", () => {
  interface Result {
    readonly refreshToken: string;
    readonly token: string;
  }
  function start() {
    const time = createTime();
    const entries = new Map<string, RefreshEntry<Result>>();
    const spent: string[] = [];
    const refresh = (
      refreshToken: string,
      spend: () => Promise<void>,
      { current = "", tokenKey = "", timeout = TIMEOUT, prepare = async () => {} } = {},
    ) =>
      watch(
        refreshOnce(
          { ...time, entries, timeout },
          {
            refreshToken,
            tokenKey,
            mustReplace: ({ token }) => token === current,
            async prepare() {
              await prepare();
              return async (token) => {
                spent.push(token);
                await spend();
                return { refreshToken: `${token}+`, token: `at ${token}` };
              };
            },
          },
        ),
      );
    const takes = (milliseconds: number) => () => time.sleep(milliseconds);
    return { time, refresh, takes, spent, entries };
  }
  const tokenIn = (watched: { value?: { result: Result } } | undefined) => watched?.value?.result.token;

  test("is spent once, and its result serves for 30 s", async () => {
    const { time, refresh, takes, spent } = start();
    const first = refresh("a", takes(400));
    const second = refresh("a", takes(400));
    await time.pass(500);
    expect([tokenIn(first), tokenIn(second), spent]).toEqual(["at a", "at a", ["a"]]);
    await time.pass(29_900);
    const late = refresh("a", takes(1));
    await time.pass(200);
    expect([tokenIn(late), spent]).toEqual(["at a", ["a"]]);
    refresh("a", takes(1));
    await time.pass(10);
    expect(spent).toEqual(["a", "a"]);
  });

  test("has a result that serves until a response has carried it, and for 30 s afterwards", async () => {
    const { time, refresh, takes, spent } = start();
    const first = refresh("a", takes(1));
    await time.pass(10);
    const [sent, again] = [first.value?.hold(), first.value?.hold()];
    await time.pass(600_000);
    sent?.();
    await time.pass(20_000);
    // The result is released a second time, and then held by another request.
    again?.();
    first.value?.hold();
    const late = refresh("a", takes(1));
    await time.pass(10_100);
    expect([tokenIn(late), spent]).toEqual(["at a", ["a"]]);
    refresh("a", takes(1));
    await time.pass(10);
    expect(spent).toEqual(["a", "a"]);
  });

  test("has a result that is dropped after an hour if no response has carried it", async () => {
    const { time, refresh, takes, spent } = start();
    const first = refresh("a", takes(1));
    await time.pass(10);
    first.value?.hold();
    await time.pass(3_599_000);
    const late = refresh("a", takes(1));
    await time.pass(10);
    expect([tokenIn(late), spent]).toEqual(["at a", ["a"]]);
    await time.pass(2000);
    refresh("a", takes(1));
    await time.pass(10);
    expect(spent).toEqual(["a", "a"]);
  });

  test("has a result that names the refresh tokens which led to it", async () => {
    const { time, refresh, takes } = start();
    const first = refresh("a", takes(1));
    await time.pass(10);
    const next = refresh("a", takes(1), { current: "at a" });
    await time.pass(10);
    expect([first.value?.spent, next.value?.spent]).toEqual([["a"], ["a", "a+"]]);
  });

  test("that another machine spent for another audience gives no request a token of that audience", async () => {
    const pool = { now: () => 0, sleep: async () => {}, entries: new Map(), timeout: 100_000 };
    const refresh = () =>
      refreshOnce(pool, {
        refreshToken: "a",
        tokenKey: "mine",
        mustReplace: () => false,
        prepare: async () => async (token, _patience, onShared) => {
          if (token === "a") onShared({ tokenKey: "other", isOthers: true, release() {} });
          return { refreshToken: `${token}+`, token: `at ${token}` };
        },
      });
    // One request after each turn of the microtask queue: one of them comes just when there is an outcome.
    const requests: Array<ReturnType<typeof refresh>> = [];
    for (let turn = 0; turn < 30; turn++) {
      requests.push(refresh());
      await undefined;
    }
    const results = await Promise.all(requests);
    expect(new Set(results.map(({ result }) => result.token))).toEqual(new Set(["at a+"]));
  });

  test("makes a request spend its successor if the caller has the result already", async () => {
    const { time, refresh, takes, spent } = start();
    refresh("a", takes(1));
    await time.pass(10);
    const next = refresh("a", takes(1), { current: "at a" });
    await time.pass(10);
    expect([tokenIn(next), spent]).toEqual(["at a+", ["a", "a+"]]);
  });

  test("whose use was cancelled with its request is spent by one other request, after the longest time of a use", async () => {
    const { time, refresh, takes, spent } = start();
    refresh("a", never);
    await time.pass(100);
    const waiting = Array.from({ length: 5 }, () => refresh("a", takes(100)));
    await time.pass(TIMEOUT);
    expect(spent).toEqual(["a"]);
    await time.pass(700);
    expect([waiting.map(tokenIn), spent]).toEqual([Array(5).fill("at a"), ["a", "a"]]);
  });

  test("is not spent again while another request with a longer time-out spends it", async () => {
    const { time, refresh, takes, spent } = start();
    const slow = refresh("a", takes(900));
    const impatient = refresh("a", takes(1), { timeout: 100 });
    await time.pass(1000);
    expect([tokenIn(slow), tokenIn(impatient), spent]).toEqual(["at a", "at a", ["a"]]);
  });

  test("is not spent again during a slow preparation: its time begins when it is sent", async () => {
    const { time, refresh, takes, spent } = start();
    const prepare = () => time.sleep(900);
    const all = [0, 1, 2].map(() => refresh("a", takes(900), { prepare }));
    await time.pass(900);
    const late = refresh("a", takes(900));
    await time.pass(1000);
    expect([[...all, late].map(tokenIn), spent]).toEqual([Array(4).fill("at a"), ["a"]]);
  });

  test("is not spent by a request that prepared for so long that another request took over", async () => {
    const { time, refresh, takes, spent } = start();
    // For example because the event loop was blocked, or the key of a client assertion loaded slowly.
    const slow = refresh("a", takes(10), { prepare: () => time.sleep(5 * TIMEOUT) });
    await time.pass(10);
    const others = [1, 2, 3].map(() => refresh("a", takes(500)));
    await time.pass(6 * TIMEOUT);
    expect([[slow, ...others].map(tokenIn), spent]).toEqual([Array(4).fill("at a"), ["a"]]);
  });

  test("whose use fails at once is an error also for requests that are still preparing", async () => {
    const { time, refresh, spent } = start();
    const prepare = () => time.sleep(100);
    const down = async () => {
      throw new Error("down");
    };
    const all = Array.from({ length: 20 }, () => refresh("a", down, { prepare }));
    await time.pass(200);
    expect([all.map(({ error }) => String(error)), spent]).toEqual([Array(20).fill("Error: down"), ["a"]]);
  });

  test("is not spent again when the clock is set during its use", async () => {
    const { time, refresh, takes, spent } = start();
    const first = refresh("a", takes(500));
    await time.pass(100);
    time.set(86_400_000);
    const second = refresh("a", takes(500));
    await time.pass(600);
    expect([tokenIn(first), tokenIn(second), spent]).toEqual(["at a", "at a", ["a"]]);
  });

  test("that a response carries although another request has spent it leads to its result until a response carries that", async () => {
    const { time, refresh, takes, spent } = start();
    const first = refresh("a", takes(1), { tokenKey: "x" });
    await time.pass(10);
    const sent = first.value?.hold();
    // Another request spends the new token, and its response is sent first.
    const second = refresh("a", takes(1), { tokenKey: "y" });
    await time.pass(10);
    second.value?.hold()();
    await time.pass(400);
    sent?.();
    await time.pass(600_000);
    const later = refresh("a+", takes(1), { tokenKey: "x" });
    await time.pass(10);
    expect([later.error, spent]).toEqual([undefined, ["a", "a+", "a++"]]);
  });

  test("is not spent again while another request spends it at a slow provider", async () => {
    const { time, refresh, takes, spent } = start();
    refresh("a", never);
    await time.pass(100);
    const waiting = Array.from({ length: 5 }, () => refresh("a", takes(TIMEOUT - 1)));
    await time.pass(TIMEOUT + 900);
    const [first, ...others] = waiting;
    expect(others.map(({ error }) => (error as { code?: string }).code)).toEqual(Array(4).fill("provider_unreachable"));
    await time.pass(TIMEOUT);
    expect([tokenIn(first), spent]).toEqual(["at a", ["a", "a"]]);
  });

  test("is spent again after a failure, but not by the requests that waited for it", async () => {
    const { time, refresh, spent } = start();
    const down = async () => {
      await time.sleep(100);
      throw new Error("down");
    };
    const refreshes = [refresh("a", down), refresh("a", down)];
    await time.pass(200);
    expect([refreshes.map(({ error }) => String(error)), spent]).toEqual([["Error: down", "Error: down"], ["a"]]);
    refresh("a", async () => {});
    await time.pass(1);
    expect(spent).toEqual(["a", "a"]);
  });

  test("is one of 10,000 in memory at most, and stays no longer than its result serves", async () => {
    const { time, refresh, entries } = start();
    const first = refresh("under way", never);
    for (let index = 0; index < 10_100; index++) {
      refresh(`t${index}`, async () => {});
      if (index % 100 === 0) await time.pass(1);
    }
    await time.pass(1);
    expect(entries.size).toBeGreaterThan(9_990);
    expect(entries.size).toBeLessThanOrEqual(10_000 + 100);
    // A refresh that is under way stays in memory, because its token would be spent again otherwise.
    expect([first, entries.has("under way")]).toEqual([{}, true]);
    entries.delete("under way");
    await time.pass(3_700_000);
    for (let index = 0; index < 700; index++) refresh(`u${index}`, async () => {});
    await time.pass(1);
    expect(entries.size).toBeLessThan(800);
  });

  test("is removed from memory even if older results wait for a response", async () => {
    const { time, refresh, entries } = start();
    for (let index = 0; index < 20; index++) {
      const held = refresh(`held ${index}`, async () => {});
      await time.pass(1);
      held.value?.hold();
    }
    for (let index = 0; index < 500; index++) {
      refresh(`t${index}`, async () => {});
      await time.pass(2000);
    }
    expect(entries.size).toBeLessThan(20 + 60);
  });
});
