import { expect, test } from "vitest";
import { createMemoryStore, createSessions, createStore, type StorePort } from "../../adapters/index.js";

const [OLD, NEW] = ["the old secret: at least 32 characters", "the new secret: at least 32 characters"];

const cookiesOf = (lines: readonly string[]): string => lines.map((line) => line.split(";")[0]).join("; ");

/** A database that can be made to reject every call. */
function database(): { readonly port: StorePort; isAway: boolean } {
  const memory = createMemoryStore();
  const state = {
    isAway: false,
    port: new Proxy(memory, {
      get: (target, name: keyof StorePort) =>
        state.isAway ? () => Promise.reject(new Error("the database is away")) : target[name],
    }) as StorePort,
  };
  return state;
}

test("sessions alone: while the store is away no cookie is deleted, and the session is back when the store is", async () => {
  const stored = database();
  const sessions = createSessions({ secret: OLD, store: createStore(stored.port) });
  const first = await sessions.load(null);
  first.begin({ cart: ["book"] });
  const cookie = cookiesOf(await first.commit());

  stored.isAway = true;
  const request = await sessions.load(cookie);
  expect([request.session, request.reason]).toEqual([null, "store_unavailable"]);
  expect(await request.commit()).toEqual([]);
  request.update({ cart: [] });
  await expect(request.commit()).rejects.toMatchObject({ code: "store_unavailable", status: 503 });

  stored.isAway = false;
  expect((await sessions.load(cookie)).session?.data).toEqual({ cart: ["book"] });
});

test("a machine that cannot open what another one stored deletes no cookie", async () => {
  const { port } = database();
  const machine = (...secret: string[]) => createSessions({ secret, store: createStore(port) });
  const first = await machine(OLD).load(null);
  first.begin({ cart: [] });
  const cookie = cookiesOf(await first.commit());

  // Deployed with the new secret, before the other machines have it.
  const second = await machine(NEW, OLD).load(cookie);
  second.update({ cart: ["book"] });
  await second.commit();

  const third = await machine(OLD).load(cookie);
  expect([third.session, third.reason]).toEqual([null, "unknown_key"]);
  expect(await third.commit()).toEqual([]);
  expect((await machine(NEW, OLD).load(cookie)).session?.data).toEqual({ cart: ["book"] });
});

test("a session that was ended in the store has its cookies deleted", async () => {
  const { port } = database();
  const sessions = createSessions({ secret: OLD, store: createStore(port) });
  const first = await sessions.load(null);
  first.begin({ cart: [] });
  const cookie = cookiesOf(await first.commit());
  const second = await sessions.load(cookie);
  second.destroy();
  await second.commit();
  const third = await sessions.load(cookie);
  expect(third.reason).toBe("revoked");
  expect((await third.commit()).some((line) => line.includes("Max-Age=0"))).toBe(true);
});
