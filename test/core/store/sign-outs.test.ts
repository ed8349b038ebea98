import { describe, expect, test } from "vitest";
import { after, sleep } from "../../../adapters/lib/sleep.js";
import { toBase64url, toBytes } from "../../../core/bytes.js";
import { ExchangeError } from "../../../core/errors.js";
import { inCookies } from "../../../core/session/in-cookies.js";
import { createStore } from "../../../core/store/create-store.js";
import { createMemoryPort } from "../../../core/store/memory.js";
import type { StorePort } from "../../../core/store/port.js";
import { createTestSessions, randomBytes } from "../session/app.js";

/** Seconds since the epoch. */
const NOW = 1_750_000_000;

const idTokenOf = (claims: object) => `e30.${toBase64url(toBytes(JSON.stringify(claims)))}.c2ln`;

/** An app with its sessions in a store, or in cookies beside it. `change`: functions of the port that a test replaces. */
function createApp(storage: "cookies" | "store", change: (port: StorePort) => Partial<StorePort> = () => ({})) {
  const clock = { now: NOW * 1000 };
  const now = () => clock.now;
  const port = createMemoryPort(now);
  const store = createStore({ ...port, ...change(port) }, {}, { after, sleep });
  const connected = store.connect(
    {
      providers: [{ provider: { issuer: "https://op.example", clientId: "client", httpTimeout: 5 } }],
      session: { storage },
    },
    { now, random: randomBytes },
    () => {},
  );
  const { open } = createTestSessions<object, { idToken: string }>({ storage: connected.storage(inCookies) }, now);
  async function signIn(idToken: string) {
    const request = await open(null);
    request.begin({}, { idToken });
    return request.commit();
  }
  /** Signs a new user in, and out again by the session's own sign-out. */
  async function signInAndOut(idToken: string) {
    const request = await open(null);
    request.begin({}, { idToken });
    await request.commit();
    request.destroy();
    await request.commit();
  }
  return { store, signIn, signInAndOut, clock };
}

/** The port, with the members of its sets counted. `atOnce`: the most calls that ran at the same time. */
function createWatch() {
  const names = new Set<string>();
  const watched = { port: undefined as StorePort | undefined, running: 0, atOnce: 0 };
  const change = (port: StorePort): Partial<StorePort> => {
    watched.port = port;
    const counted =
      <Args extends unknown[], Value>(call: (...args: Args) => Promise<Value>) =>
      async (...args: Args) => {
        watched.atOnce = Math.max(watched.atOnce, ++watched.running);
        await sleep(1);
        watched.running--;
        return call(...args);
      };
    return {
      get: counted(port.get),
      delete: counted(port.delete),
      async addMember(set, ...rest) {
        names.add(set);
        return port.addMember(set, ...rest);
      },
    };
  };
  const members = async () =>
    (await Promise.all([...names].map((set) => (watched.port as StorePort).members(set)))).flat();
  return { change, members, watched, names };
}

describe.each(["cookies", "store"] as const)("sessions in %s", (storage) => {
  test("a sign-in that a sign-out has overtaken is refused, and no session of it is listed", async () => {
    const { store, signIn, clock } = createApp(storage);
    await store.signOutEverywhere("ada");
    await expect(signIn(idTokenOf({ sub: "ada", iat: NOW }))).rejects.toMatchObject({ code: "signed_out" });
    expect(await store.sessionsOf("ada")).toEqual([]);
    clock.now += 1_000;
    await signIn(idTokenOf({ sub: "ada", iat: NOW + 1 }));
    expect(await store.sessionsOf("ada")).toHaveLength(1);
  });

  test("a sign-in during which the store fails leaves no session behind", async () => {
    let reads = 0;
    // The read of the marks, which comes last.
    const { store, signIn } = createApp(storage, ({ get }) => ({
      get: (key) => (reads++ < 1 ? Promise.reject(new Error("away")) : get(key)),
    }));
    await expect(signIn(idTokenOf({ sub: "ada", iat: NOW }))).rejects.toMatchObject({ code: "store_unavailable" });
    expect(await store.sessionsOf("ada")).toEqual([]);
  });

  test("a sign-out leaves no member in the sets of its user and of its sid", async () => {
    const { change, members, names } = createWatch();
    const { store, signIn, signInAndOut } = createApp(storage, change);
    await signInAndOut(idTokenOf({ sub: "ada", sid: "one", iat: NOW }));
    expect([names.size, await members()]).toEqual([2, []]);
    await signIn(idTokenOf({ sub: "ada", sid: "two", iat: NOW }));
    expect(await members()).toHaveLength(2);
    await store.signOutEverywhere("ada");
    expect(await members()).toEqual([]);
  });

  test("a user with very many sessions is signed out everywhere by few calls at once", async () => {
    const { change, members, watched } = createWatch();
    const { store, signIn } = createApp(storage, change);
    for (let count = 0; count < 400; count++) await signIn(idTokenOf({ sub: "ada", sid: `${count}`, iat: NOW }));
    watched.atOnce = 0;
    expect(await store.sessionsOf("ada")).toHaveLength(400);
    await store.signOutEverywhere("ada");
    expect(await members()).toEqual([]);
    expect(watched.atOnce).toBeLessThanOrEqual(200);
  });

  test("a session whose ID Token is no JWT, as a test may mint it, begins", async () => {
    const { signIn } = createApp(storage);
    expect((await signIn("text")).length).toBeGreaterThan(0);
  });
});

test("a mark is written also where one has just expired", async () => {
  let isGone = false;
  const { store, signIn, clock } = createApp("cookies", ({ replace, delete: remove }) => ({
    async replace(...args) {
      if (!isGone && args[0].startsWith("mark:")) {
        isGone = true;
        await remove(args[0]);
      }
      return replace(...args);
    },
  }));
  await store.signOutEverywhere("ada");
  clock.now += 10_000;
  await store.signOutEverywhere("ada");
  expect(isGone).toBe(true);
  await expect(signIn(idTokenOf({ sub: "ada", iat: NOW + 5 }))).rejects.toBeInstanceOf(ExchangeError);
});
