import { describe, expect, test } from "vitest";
import { createMemoryPort } from "../../../core/store/memory.js";
import type { StorePort } from "../../../core/store/port.js";
import { StoredSessions } from "../../../core/store/sessions.js";
import { createTurns } from "../../../core/store/turns.js";
import { createTime, never } from "../../support/time.js";
import { createTestSessions, inMemory, randomBytes } from "../session/app.js";

/** Text that no codec makes shorter. */
const textOf = (length: number) => "x".repeat(length);

const headerOf = (lines: readonly string[]) =>
  lines.flatMap((line) => (line.includes("Max-Age=0") ? [] : [line.slice(0, line.indexOf(";"))])).join("; ");

describe("the size of a session in a store", () => {
  test("data and tokens that no cookie could hold are kept", async () => {
    const clock = { now: () => 1_750_000_000_000 };
    const { open } = createTestSessions<{ text: string }, string>({ storage: inMemory(clock) }, clock.now);
    const first = await open(null);
    first.begin({ text: textOf(30_000) }, textOf(20_000));
    const next = await open(headerOf(await first.commit()));
    expect([next.reason, next.session?.data.text.length, (await next.tokens())?.length]).toEqual([
      undefined,
      30_000,
      20_000,
    ]);
  });

  test("data that no store need take is refused, and the session stays as it was", async () => {
    const clock = { now: () => 1_750_000_000_000 };
    const { open } = createTestSessions<{ text: string }, string>({ storage: inMemory(clock) }, clock.now);
    const first = await open(null);
    first.begin({ text: "a" });
    const header = headerOf(await first.commit());
    const second = await open(header);
    second.update({ text: textOf(70_000) });
    await expect(second.commit()).rejects.toMatchObject({ code: "value_too_large" });
    expect((await open(header)).session?.data).toEqual({ text: "a" });
  });
});

test("tokens that a cancelled request did not store are stored by the next request that has them", async () => {
  const time = createTime();
  const port = createMemoryPort(time.now);
  let isCancelled = true;
  const store: StorePort = {
    ...port,
    replace: (...args) => {
      if (!isCancelled) return port.replace(...args);
      isCancelled = false;
      return never();
    },
  };
  const clock = { ...time, random: randomBytes };
  const { open } = createTestSessions<object, string>(
    {
      storage: (context) =>
        new StoredSessions({ store, clock, inTurn: createTurns(time, 1_000), onFailure: () => {} }, context),
    },
    time.now,
  );
  const first = await open(null);
  first.begin({}, "old");
  const header = headerOf(await first.commit());
  const [cancelled, other] = [await open(header), await open(header)];
  for (const request of [cancelled, other]) request.setTokens("new");
  void cancelled.commit();
  // Until the cancelled request has its turn: of two requests that begin at once, either may be the first at the store.
  await time.pass(10);
  const written = other.commit();
  await time.pass(2_000);
  await written;
  expect(await (await open(header)).tokens()).toBe("new");
});
