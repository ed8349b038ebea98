import { describe, expect, test } from "vitest";
import { type CachedDocument, cachedDocument } from "../../../core/provider/document-cache.js";
import { patienceOf } from "../../../core/provider/shared-work.js";
import { createTime, never, watch } from "../../support/time.js";

/** Milliseconds after which a request to the provider fails in these tests. */
const TIMEOUT = 1000;

describe("a document that several requests want", () => {
  type Load = () => Promise<string>;
  function start() {
    const time = createTime();
    const cache = new Map<string, CachedDocument<string>>();
    let loads = 0;
    const request = (load: Load) =>
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
    return { time, request, loads: () => loads };
  }

  test("is loaded once, and again only when it is too old", async () => {
    const { time, request, loads } = start();
    const answers = [1, 2, 3].map(() =>
      request(async () => {
        await time.sleep(400);
        return "loaded";
      }),
    );
    await time.pass(500);
    expect([answers, loads()]).toEqual([Array(3).fill({ value: "loaded" }), 1]);
    await time.pass(9000);
    const young = request(async () => "again");
    await time.pass(1);
    expect([young, loads()]).toEqual([{ value: "loaded" }, 1]);
    await time.pass(1000);
    const old = request(async () => "again");
    await time.pass(1);
    expect([old, loads()]).toEqual([{ value: "again" }, 2]);
  });

  test("that cannot be loaded is an error for the waiting requests, and is loaded again for the next", async () => {
    const { time, request, loads } = start();
    const failure = new Error("down");
    const answers = [1, 2].map(() =>
      request(async () => {
        await time.sleep(900);
        throw failure;
      }),
    );
    await time.pass(1000);
    expect([answers, loads()]).toEqual([[{ error: failure }, { error: failure }], 1]);
    const later = request(async () => "loaded");
    await time.pass(1);
    expect([later, loads()]).toEqual([{ value: "loaded" }, 2]);
  });

  test("whose load was cancelled with its request is loaded by one waiting request, after the longest time of a load", async () => {
    const { time, request, loads } = start();
    request(never);
    await time.pass(100);
    const waiting = Array.from({ length: 5 }, () =>
      request(async () => {
        await time.sleep(100);
        return "loaded";
      }),
    );
    await time.pass(TIMEOUT);
    expect([waiting, loads()]).toEqual([Array(5).fill({}), 1]);
    await time.pass(600);
    expect([waiting, loads()]).toEqual([Array(5).fill({ value: "loaded" }), 2]);
  });

  test("of a slow provider is loaded once, for any number of waiting requests", async () => {
    const { time, request, loads } = start();
    const answers = Array.from({ length: 200 }, () =>
      request(async () => {
        await time.sleep(TIMEOUT - 1);
        return "loaded";
      }),
    );
    await time.pass(TIMEOUT + 100);
    expect([answers, loads()]).toEqual([Array(200).fill({ value: "loaded" }), 1]);
  });

  test("and others of one operation are waited for no longer, together, than one load takes", async () => {
    const time = createTime();
    const cache = new Map<string, CachedDocument<string>>();
    const request = (key: string, patience: { left: number } | undefined, load: Load) =>
      cachedDocument({ ...time, timeout: TIMEOUT }, cache, { key, lifetime: 1, patience, load });
    const before = time.now();
    const patience = patienceOf(TIMEOUT);
    const operation = watch(
      (async () => {
        for (const key of ["a", "b", "c", "d"]) await request(key, patience, async () => "loaded");
        return time.now() - before;
      })(),
    );
    // For each document, every cancelled load is followed by another one that is cancelled too.
    for (const key of ["a", "b", "c", "d"]) for (let count = 0; count < 20; count++) request(key, undefined, never);
    await time.pass(5 * TIMEOUT);
    expect(operation.value).toBeLessThanOrEqual(TIMEOUT + 600);
  });

  test("whose load was cancelled with its request long ago is loaded at once", async () => {
    const { time, request } = start();
    request(never);
    await time.pass(60_000);
    const answer = request(async () => "loaded");
    await time.pass(1);
    expect(answer).toEqual({ value: "loaded" });
  });

  test("is loaded by each request that has waited, if many requests are cancelled", async () => {
    const { time, request } = start();
    request(never);
    await time.pass(10);
    const completing = request(async () => "loaded");
    // The cancelled requests notice the end of the first one's time before the completing request does.
    for (let count = 0; count < 50; count++) request(never);
    await time.pass(TIMEOUT + 900);
    expect(completing).toEqual({ value: "loaded" });
  });

  test("from a load that took too long does not replace a younger document", async () => {
    const { time, request } = start();
    request(async () => {
      await time.sleep(5000);
      return "old";
    });
    await time.pass(2000);
    request(async () => "young");
    await time.pass(4000);
    const answer = request(never);
    await time.pass(1);
    expect(answer).toEqual({ value: "young" });
  });
});

test("a page, in which no request is cancelled, shares one promise", async () => {
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
