import { describe, expect, test } from "vitest";
import { type CachedDocument, cachedDocument } from "../../../core/provider/document-cache.js";
import { patienceOf } from "../../../core/provider/shared-work.js";
import { createTime, never, watch } from "../../support/time.js";

/** Milliseconds that a request to the provider takes at most in these tests. */
const TIMEOUT = 1000;

describe("a document that several requests want", () => {
  type Load = () => Promise<string>;
  function start() {
    const time = createTime();
    const cache = new Map<string, CachedDocument<string>>();
    let loads = 0;
    const ask = (load: Load) =>
      watch(
        cachedDocument({ ...time, timeout: TIMEOUT }, cache, {
          key: "document",
          lifetime: 10_000,
          load: () => {
            loads++;
            return load();
          },
        }),
      );
    return { time, ask, loads: () => loads };
  }

  test("is loaded once, and then by nobody until it is too old", async () => {
    const { time, ask, loads } = start();
    const answers = [1, 2, 3].map(() =>
      ask(async () => {
        await time.sleep(400);
        return "loaded";
      }),
    );
    await time.pass(500);
    expect([answers, loads()]).toEqual([Array(3).fill({ value: "loaded" }), 1]);
    await time.pass(9000);
    const young = ask(async () => "again");
    await time.pass(1);
    expect([young, loads()]).toEqual([{ value: "loaded" }, 1]);
    await time.pass(1000);
    const old = ask(async () => "again");
    await time.pass(1);
    expect([old, loads()]).toEqual([{ value: "again" }, 2]);
  });

  test("that cannot be loaded is an error for the requests that waited, and no later one", async () => {
    const { time, ask, loads } = start();
    const failure = new Error("down");
    const answers = [1, 2].map(() =>
      ask(async () => {
        await time.sleep(900);
        throw failure;
      }),
    );
    await time.pass(1000);
    expect([answers, loads()]).toEqual([[{ error: failure }, { error: failure }], 1]);
    const later = ask(async () => "loaded");
    await time.pass(1);
    expect([later, loads()]).toEqual([{ value: "loaded" }, 2]);
  });

  test("whose load went with its request is loaded by one of those that waited, once a load cannot take longer", async () => {
    const { time, ask, loads } = start();
    ask(never);
    await time.pass(100);
    const waiting = Array.from({ length: 5 }, () =>
      ask(async () => {
        await time.sleep(100);
        return "loaded";
      }),
    );
    await time.pass(TIMEOUT);
    expect([waiting, loads()]).toEqual([Array(5).fill({}), 1]);
    await time.pass(600);
    expect([waiting, loads()]).toEqual([Array(5).fill({ value: "loaded" }), 2]);
  });

  test("that a slow provider gives is loaded once, however many wait", async () => {
    const { time, ask, loads } = start();
    const answers = Array.from({ length: 200 }, () =>
      ask(async () => {
        await time.sleep(TIMEOUT - 1);
        return "loaded";
      }),
    );
    await time.pass(TIMEOUT + 100);
    expect([answers, loads()]).toEqual([Array(200).fill({ value: "loaded" }), 1]);
  });

  test("is waited for no longer than one load takes, in an operation that needs several", async () => {
    const time = createTime();
    const cache = new Map<string, CachedDocument<string>>();
    const ask = (key: string, patience: { left: number } | undefined, load: Load) =>
      cachedDocument({ ...time, timeout: TIMEOUT }, cache, { key, lifetime: 1, patience, load });
    const before = time.now();
    const patience = patienceOf(TIMEOUT);
    const operation = watch(
      (async () => {
        for (const key of ["a", "b", "c", "d"]) await ask(key, patience, async () => "loaded");
        return time.now() - before;
      })(),
    );
    // For each document, loads that are given up keep being replaced by others that are given up as well.
    for (const key of ["a", "b", "c", "d"]) for (let count = 0; count < 20; count++) ask(key, undefined, never);
    await time.pass(5 * TIMEOUT);
    expect(operation.value).toBeLessThanOrEqual(TIMEOUT + 600);
  });

  test("whose load went with its request long ago is loaded at once", async () => {
    const { time, ask } = start();
    ask(never);
    await time.pass(60_000);
    const answer = ask(async () => "loaded");
    await time.pass(1);
    expect(answer).toEqual({ value: "loaded" });
  });

  test("is loaded by each request that has waited, where requests keep going away", async () => {
    const { time, ask } = start();
    ask(never);
    await time.pass(10);
    const alive = ask(async () => "loaded");
    // Those that are cancelled notice the first one's end before the living one does.
    for (let count = 0; count < 50; count++) ask(never);
    await time.pass(TIMEOUT + 900);
    expect(alive).toEqual({ value: "loaded" });
  });

  test("that a load of long ago brings at last does not replace a younger one", async () => {
    const { time, ask } = start();
    ask(async () => {
      await time.sleep(5000);
      return "old";
    });
    await time.pass(2000);
    ask(async () => "young");
    await time.pass(4000);
    const answer = ask(never);
    await time.pass(1);
    expect(answer).toEqual({ value: "young" });
  });
});

test("in a page, which has no requests to cancel, the promise itself is shared", async () => {
  const cache = new Map<string, CachedDocument<string>>();
  let loads = 0;
  const load = () =>
    cachedDocument({ now: Date.now, sleep: undefined, timeout: TIMEOUT }, cache, {
      key: "document",
      lifetime: 1,
      async load() {
        loads++;
        await new Promise((resolve) => setTimeout(resolve, 20));
        return "loaded";
      },
    });
  expect([await Promise.all([load(), load()]), loads]).toEqual([["loaded", "loaded"], 1]);
});
