import { describe, expect, test } from "vitest";
import type { RefreshEntry } from "../../../core/provider/refresh-entries.js";
import { refreshOnce } from "../../../core/provider/refresher.js";
import { createTime, never, watch } from "../../support/time.js";

/** Milliseconds that a request to the provider takes at most in these tests. */
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
    const ask = (
      refreshToken: string,
      spend: () => Promise<void>,
      { held = "", purpose = "", timeout = TIMEOUT, prepare = async () => {} } = {},
    ) =>
      watch(
        refreshOnce(
          { entries, clock: time, timeout },
          {
            refreshToken,
            purpose,
            isUseless: ({ token }) => token === held,
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
    const answers = (milliseconds: number) => () => time.sleep(milliseconds);
    return { time, ask, answers, spent, entries };
  }
  const tokenIn = (watched: { value?: { result: Result } } | undefined) => watched?.value?.result.token;

  test("is spent once, and its result serves for 30 s", async () => {
    const { time, ask, answers, spent } = start();
    const first = ask("a", answers(400));
    const second = ask("a", answers(400));
    await time.pass(500);
    expect([tokenIn(first), tokenIn(second), spent]).toEqual(["at a", "at a", ["a"]]);
    await time.pass(29_900);
    const late = ask("a", answers(1));
    await time.pass(200);
    expect([tokenIn(late), spent]).toEqual(["at a", ["a"]]);
    ask("a", answers(1));
    await time.pass(10);
    expect(spent).toEqual(["a", "a"]);
  });

  test("has a result that serves until a response has carried it, and 30 s longer", async () => {
    const { time, ask, answers, spent } = start();
    const first = ask("a", answers(1));
    await time.pass(10);
    const [sent, again] = [first.value?.hold(), first.value?.hold()];
    await time.pass(600_000);
    sent?.();
    await time.pass(20_000);
    // The same response, or a later one.
    again?.();
    first.value?.hold();
    const late = ask("a", answers(1));
    await time.pass(10_100);
    expect([tokenIn(late), spent]).toEqual(["at a", ["a"]]);
    ask("a", answers(1));
    await time.pass(10);
    expect(spent).toEqual(["a", "a"]);
  });

  test("has a result that is given up after an hour in which no response has carried it", async () => {
    const { time, ask, answers, spent } = start();
    const first = ask("a", answers(1));
    await time.pass(10);
    first.value?.hold();
    await time.pass(3_599_000);
    const late = ask("a", answers(1));
    await time.pass(10);
    expect([tokenIn(late), spent]).toEqual(["at a", ["a"]]);
    await time.pass(2000);
    ask("a", answers(1));
    await time.pass(10);
    expect(spent).toEqual(["a", "a"]);
  });

  test("leads on to its successor where its result is of no use", async () => {
    const { time, ask, answers, spent } = start();
    ask("a", answers(1));
    await time.pass(10);
    const next = ask("a", answers(1), { held: "at a" });
    await time.pass(10);
    expect([tokenIn(next), spent]).toEqual(["at a+", ["a", "a+"]]);
  });

  test("whose use went with its request is spent by one other request, once a use cannot take longer", async () => {
    const { time, ask, answers, spent } = start();
    ask("a", never);
    await time.pass(100);
    const waiting = Array.from({ length: 5 }, () => ask("a", answers(100)));
    await time.pass(TIMEOUT);
    expect(spent).toEqual(["a"]);
    await time.pass(700);
    expect([waiting.map(tokenIn), spent]).toEqual([Array(5).fill("at a"), ["a", "a"]]);
  });

  test("is not spent again while another request spends it, whose own time-out is longer", async () => {
    const { time, ask, answers, spent } = start();
    const slow = ask("a", answers(900));
    const hasty = ask("a", answers(1), { timeout: 100 });
    await time.pass(1000);
    expect([tokenIn(slow), tokenIn(hasty), spent]).toEqual(["at a", "at a", ["a"]]);
  });

  test("is not spent again while what must be there before is slow: its time begins when it is sent", async () => {
    const { time, ask, answers, spent } = start();
    const prepare = () => time.sleep(900);
    const all = [0, 1, 2].map(() => ask("a", answers(900), { prepare }));
    await time.pass(900);
    const late = ask("a", answers(900));
    await time.pass(1000);
    expect([[...all, late].map(tokenIn), spent]).toEqual([Array(4).fill("at a"), ["a"]]);
  });

  test("is not spent by a request that others have given up before it sent anything", async () => {
    const { time, ask, answers, spent } = start();
    // The event loop stood still, or a key was hard to get.
    const slow = ask("a", answers(10), { prepare: () => time.sleep(5 * TIMEOUT) });
    await time.pass(10);
    const others = [1, 2, 3].map(() => ask("a", answers(500)));
    await time.pass(6 * TIMEOUT);
    expect([[slow, ...others].map(tokenIn), spent]).toEqual([Array(4).fill("at a"), ["a"]]);
  });

  test("whose use fails at once is a failure for those who prepare beside it, too", async () => {
    const { time, ask, spent } = start();
    const prepare = () => time.sleep(100);
    const down = async () => {
      throw new Error("down");
    };
    const all = Array.from({ length: 20 }, () => ask("a", down, { prepare }));
    await time.pass(200);
    expect([all.map(({ error }) => String(error)), spent]).toEqual([Array(20).fill("Error: down"), ["a"]]);
  });

  test("is not spent again because a clock was set while it is under way", async () => {
    const { time, ask, answers, spent } = start();
    const first = ask("a", answers(500));
    await time.pass(100);
    time.set(86_400_000);
    const second = ask("a", answers(500));
    await time.pass(600);
    expect([tokenIn(first), tokenIn(second), spent]).toEqual(["at a", "at a", ["a"]]);
  });

  test("that was sent to the browser when it was spent already leads on for as long as its outcome was not sent", async () => {
    const { time, ask, answers, spent } = start();
    const first = ask("a", answers(1), { purpose: "x" });
    await time.pass(10);
    const sent = first.value?.hold();
    // Another request goes on from there, and answers first.
    const second = ask("a", answers(1), { purpose: "y" });
    await time.pass(10);
    second.value?.hold()();
    await time.pass(400);
    sent?.();
    await time.pass(600_000);
    const later = ask("a+", answers(1), { purpose: "x" });
    await time.pass(10);
    expect([later.error, spent]).toEqual([undefined, ["a", "a+", "a++"]]);
  });

  test("is not spent again while another request spends it, however slow the provider is", async () => {
    const { time, ask, answers, spent } = start();
    ask("a", never);
    await time.pass(100);
    const waiting = Array.from({ length: 5 }, () => ask("a", answers(TIMEOUT - 1)));
    await time.pass(TIMEOUT + 900);
    const [first, ...others] = waiting;
    expect(others.map(({ error }) => (error as { code?: string }).code)).toEqual(Array(4).fill("provider_unreachable"));
    await time.pass(TIMEOUT);
    expect([tokenIn(first), spent]).toEqual(["at a", ["a", "a"]]);
  });

  test("is spent again after a failure, but not by the requests that waited for it", async () => {
    const { time, ask, spent } = start();
    const down = async () => {
      await time.sleep(100);
      throw new Error("down");
    };
    const answers = [ask("a", down), ask("a", down)];
    await time.pass(200);
    expect([answers.map(({ error }) => String(error)), spent]).toEqual([["Error: down", "Error: down"], ["a"]]);
    ask("a", async () => {});
    await time.pass(1);
    expect(spent).toEqual(["a", "a"]);
  });

  test("is remembered beside 9,999 others at most, and no longer than its result serves", async () => {
    const { time, ask, entries } = start();
    const first = ask("under way", never);
    for (let index = 0; index < 10_100; index++) {
      ask(`t${index}`, async () => {});
      if (index % 100 === 0) await time.pass(1);
    }
    await time.pass(1);
    expect(entries.size).toBeGreaterThan(9_990);
    expect(entries.size).toBeLessThanOrEqual(10_000 + 100);
    // One that is under way stays: its token would be spent again.
    expect([first, entries.has("under way")]).toEqual([{}, true]);
    entries.delete("under way");
    await time.pass(3_700_000);
    for (let index = 0; index < 700; index++) ask(`u${index}`, async () => {});
    await time.pass(1);
    expect(entries.size).toBeLessThan(800);
  });

  test("is forgotten also behind results that no response has carried", async () => {
    const { time, ask, entries } = start();
    for (let index = 0; index < 20; index++) {
      const held = ask(`held ${index}`, async () => {});
      await time.pass(1);
      held.value?.hold();
    }
    for (let index = 0; index < 500; index++) {
      ask(`t${index}`, async () => {});
      await time.pass(2000);
    }
    expect(entries.size).toBeLessThan(20 + 60);
  });
});
