import { describe, expect, test } from "vitest";
import { createStore } from "../../../core/store/create-store.js";
import { createMemoryPort } from "../../../core/store/memory.js";
import type { StorePort } from "../../../core/store/port.js";
import { createTime, timersOf, watch } from "../../support/time.js";
import { randomBytes } from "../session/app.js";

interface Result {
  readonly refreshToken: string;
  readonly accessToken: string;
}

/** Machines with one store and one clock. `slow`: milliseconds after which the store answers; `timeout`: seconds it may take. */
function createMachines({ slow: slowFrom = 0, timeout = 1, length = 10 } = {}) {
  let slow = slowFrom;
  const time = createTime();
  const memory = createMemoryPort(time.now);
  let isAway = false;
  const late =
    <Args extends unknown[], Value>(call: (...args: Args) => Promise<Value>) =>
    async (...args: Args) => {
      if (isAway) throw new Error("connection refused");
      const value = await call(...args);
      if (slow > 0) await time.sleep(slow);
      return value;
    };
  const port: StorePort = {
    ...memory,
    add: late(memory.add),
    replace: late(memory.replace),
    extend: late(memory.extend),
  };
  const spent: string[] = [];
  const provider = { issuer: "https://op.example", clientId: "client", httpTimeout: 5 };
  const machine = () => {
    const store = createStore(port, { timeout }, timersOf(time)).connect(
      { providers: [{ provider }], session: {} },
      { now: time.now, random: randomBytes },
      () => {},
    );
    return async (refreshToken: string, { takes = 0, patience = 5_000, tokenKey = "" } = {}) => {
      const { prepare } = store.share<Result>(
        {
          refreshToken,
          tokenKey,
          mustReplace: () => false,
          prepare: async () => async (token) => {
            spent.push(token);
            if (takes > 0) await time.sleep(takes);
            return { refreshToken: `${token}+`, accessToken: "a".repeat(length) };
          },
        },
        provider,
      );
      return (await prepare())(refreshToken, patience, () => {});
    };
  };
  return {
    time,
    spent,
    machines: [machine(), machine()] as const,
    answerAtOnce: () => {
      slow = 0;
    },
    setAway: (away: boolean) => {
      isAway = away;
    },
  };
}

describe("a refresh token on two machines", () => {
  test("is spent once, also if its result is longer than any cookie", async () => {
    const { time, spent, machines } = createMachines({ length: 40_000 });
    const both = machines.map((refresh) => watch(refresh("rt")));
    await time.pass(1_000);
    // The result has nothing that the store adds: it gets into the session.
    expect(both.map(({ value }) => value)).toEqual(
      [0, 1].map(() => ({ refreshToken: "rt+", accessToken: "a".repeat(40_000) })),
    );
    expect(spent).toEqual(["rt"]);
  });

  test("is waited for no longer than the patience of a request, however slow the store", async () => {
    const { time, machines } = createMachines({ slow: 900 });
    const [first, second] = machines;
    void first("rt", { takes: 4_900 });
    await time.pass(10);
    const waiting = watch(second("rt", { patience: 2_000 }));
    await time.pass(4_000);
    expect(waiting.error).toMatchObject({ code: "provider_unreachable" });
  });

  test("that a request reserved without an answer of the store is spent by the next request", async () => {
    const { time, spent, machines, answerAtOnce } = createMachines({ slow: 1_100 });
    const [first, second] = machines;
    const failed = watch(first("rt"));
    await time.pass(3_000);
    expect([failed.error, spent]).toMatchObject([{ code: "store_unavailable" }, []]);
    answerAtOnce();
    const next = watch(second("rt"));
    await time.pass(1_000);
    expect([next.value?.refreshToken, spent]).toEqual(["rt+", ["rt"]]);
  });

  test("is not spent again after the store was away when the result came: the result gets there once it is back", async () => {
    const { time, spent, machines, setAway } = createMachines();
    const first = watch(machines[0]("rt", { takes: 100 }));
    await time.pass(50);
    setAway(true);
    await time.pass(3_000);
    // The request itself has its token.
    expect(first.value?.refreshToken).toBe("rt+");
    setAway(false);
    await time.pass(500);
    const second = watch(machines[1]("rt"));
    await time.pass(1_000);
    expect(second.value?.refreshToken).toBe("rt+");
    expect(spent).toEqual(["rt"]);
  });

  test("is not spent by another machine while the first still waits for the provider", async () => {
    const { time, spent, machines } = createMachines({ slow: 3_900, timeout: 4 });
    const [first, second] = machines;
    void first("rt", { takes: 4_900 });
    await time.pass(8_300);
    void second("rt").catch(() => {});
    await time.pass(10_000);
    expect(spent).toEqual(["rt"]);
  });
});
