import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createClock, createCookieJar } from "../../../adapters/testing/index.js";
import { CookieTooLargeError } from "../../../core/errors.js";
import { packed } from "../../../core/seal/payload.js";
import { inCookies, type SessionStorage, type StorageContext } from "../../../core/session/keeping.js";
import { QueuedScope } from "../../../core/session/queued.js";
import type { RequestSession } from "../../../core/session/scope.js";
import { createSessions } from "../../../core/session/sessions.js";
import { runs } from "../../support/runs.js";

type Data = { user?: string; count?: number; bulk?: string; [member: string]: unknown };
type Tokens = { of: string };
type Scope = RequestSession<Data, Tokens>;

const URL = "https://app.example/";

/** So many turns of the microtask queue. */
const turns = async (count: number) => {
  for (let turn = 0; turn < count; turn++) await undefined;
};

/** Takes its time, as a network does. */
const slowly =
  (wait: () => Promise<void>) =>
  <D, T>(context: StorageContext): SessionStorage<D, T> => {
    const keeper = inCookies<D, T>(context);
    return {
      ...keeper,
      async tokens(...given) {
        await wait();
        return keeper.tokens?.(...given);
      },
      async save(...given) {
        await wait();
        const saved = await keeper.save(...given);
        await wait();
        return saved;
      },
      touch: wait,
    };
  };

/** One app, one browser that alice is signed in with, and a request of hers. */
async function createWorld(wait = () => turns(3)) {
  const clock = createClock();
  const random = (bytes: number) => globalThis.crypto.getRandomValues(new Uint8Array(bytes));
  const sessions = createSessions<Data, Tokens>(
    { secret: "a secret of at least thirty-two characters", storage: slowly(wait), codec: packed },
    { now: clock.now, random },
    () => {},
    QueuedScope,
  );
  const jar = createCookieJar({ clock });
  const store = (lines: readonly string[]) => jar.store(lines, URL);
  const open = async () => sessions.load(jar.header(URL));
  const first = await open();
  first.begin({ user: "alice", count: 0 }, { of: "alice" });
  store(await first.commit());
  return { clock, open, store, scope: await open() };
}

/** What the next request sees. */
async function seen({ open }: { open: () => Promise<Scope> }) {
  const scope = await open();
  return { data: scope.session?.data, tokens: await scope.tokens() };
}

const alice = { user: "alice", count: 0 };

describe("what is asked for while something is written", () => {
  /** Writes for the first time, asks, writes again. */
  async function during(before: (scope: Scope) => void, ask: (scope: Scope) => void, idle = 0) {
    const world = await createWorld();
    const { scope, store } = world;
    world.clock.advance(idle);
    before(scope);
    const first = scope.commit();
    await turns(2);
    ask(scope);
    const shown = scope.session?.data;
    store(await first);
    expect(scope.session?.data).toEqual(shown);
    store(await scope.commit());
    expect(scope.session?.data).toEqual(shown);
    return { shown, ...(await seen(world)) };
  }
  const patch = (change: Partial<Data>) => (scope: Scope) => scope.update(change);
  const destroy = (scope: Scope) => scope.destroy();
  const bob = (scope: Scope) => scope.begin({ user: "bob" }, { of: "bob" });
  const nothing = () => {};

  test.each([
    ["a sign-out, beside an update", patch({ a: 1 }), destroy, 0, undefined],
    ["a sign-out, beside activity", nothing, destroy, 10_000, undefined],
    ["another user, beside a sign-out", destroy, bob, 0, { user: "bob" }],
    ["an update, beside activity", nothing, patch({ b: 2 }), 10_000, { ...alice, b: 2 }],
    ["an update, beside another", patch({ a: 1 }), patch({ b: 2 }), 0, { ...alice, a: 1, b: 2 }],
  ])("%s", async (_name, before, ask, idle, data) => {
    const after = await during(before, ask, idle);
    expect([after.shown, after.data]).toEqual([data, data]);
  });

  test("a session that begins keeps its id", async () => {
    const { scope } = await createWorld();
    const roll = scope.commit();
    scope.begin({ user: "bob" });
    const id = scope.session?.id;
    await roll;
    await scope.commit();
    expect(scope.session?.id).toBe(id);
  });

  test("two who change and write, side by side", async () => {
    const world = await createWorld();
    const { scope, store } = world;
    const change = async (make: () => void) => {
      make();
      store(await scope.commit());
    };
    await Promise.all([change(() => scope.update({ a: 1 })), change(() => scope.destroy())]);
    expect([scope.session, (await seen(world)).data]).toEqual([null, undefined]);
  });

  test("two writes at once, of which the second has nothing to write", async () => {
    const { scope } = await createWorld();
    scope.update({ a: 1 });
    const lines = await Promise.all([scope.commit(), scope.commit()]);
    expect(lines.map(({ length }) => length)).toEqual([1, 0]);
  });
});

describe("tokens that are being opened", () => {
  test.each([
    ["set", (scope: Scope) => scope.setTokens({ of: "newer" }), { of: "newer" }],
    [
      "replaced with those of another user",
      (scope: Scope) => scope.begin({ user: "bob" }, { of: "bob" }),
      { of: "bob" },
    ],
    ["gone with their session", (scope: Scope) => scope.destroy(), undefined],
  ])("are meanwhile %s", async (_name, ask, tokens) => {
    for (const wait of [0, 1, 2, 3, 5, 8, 13]) {
      const world = await createWorld(() => turns(5));
      const { scope, store } = world;
      const opening = scope.tokens();
      await turns(wait);
      ask(scope);
      store(await scope.commit());
      await opening;
      expect(await scope.tokens()).toEqual(tokens);
      expect((await seen(world)).tokens).toEqual(tokens);
    }
  });
});

describe("a write that fails", () => {
  const bulk = "x".repeat(9000);

  test("takes nothing with it that was asked for after it", async () => {
    const world = await createWorld();
    const { scope, store } = world;
    scope.update({ bulk });
    const failing = scope.commit();
    scope.update((data) => ({ ...data, count: (data.count ?? 0) + 1 }));
    const next = scope.commit();
    await expect(failing).rejects.toBeInstanceOf(CookieTooLargeError);
    store(await next);
    expect([scope.session?.data, (await seen(world)).data]).toEqual([
      { user: "alice", count: 1 },
      { user: "alice", count: 1 },
    ]);
  });

  test("of a session that began: what was meant for it changes no other", async () => {
    const world = await createWorld();
    const { scope, store } = world;
    scope.begin({ user: "bob", bulk });
    const failing = scope.commit();
    scope.update({ role: "for bob" });
    scope.setTokens({ of: "bob" });
    const next = scope.commit();
    await expect(failing).rejects.toBeInstanceOf(CookieTooLargeError);
    store(await next);
    expect(await seen(world)).toEqual({ data: alice, tokens: { of: "alice" } });
    expect([scope.session?.data, await scope.tokens()]).toEqual([alice, { of: "alice" }]);
  });

  test("a function that relies on what was not kept fails in its turn, and nothing else does", async () => {
    const world = await createWorld();
    const { scope, store } = world;
    scope.update({ bulk });
    const failing = scope.commit();
    scope.update((data) => ({ ...data, size: (data.bulk as string).length, bulk: "" }));
    const relying = scope.commit();
    scope.update({ after: 1 });
    const last = scope.commit();
    await expect(failing).rejects.toBeInstanceOf(CookieTooLargeError);
    await expect(relying).rejects.toBeInstanceOf(TypeError);
    store(await last);
    expect((await seen(world)).data).toEqual({ ...alice, after: 1 });
  });

  test("leaves no trace of what a function did to the data it was given", async () => {
    const world = await createWorld();
    const { scope, store } = world;
    scope.update((data) => Object.assign(data, { bulk }));
    await expect(scope.commit()).rejects.toBeInstanceOf(CookieTooLargeError);
    expect(scope.session?.data).toEqual(alice);
    scope.update({ small: 1 });
    store(await scope.commit());
    expect((await seen(world)).data).toEqual({ ...alice, small: 1 });
  });
});

test("a function is called once, as long as what it was called with is kept", async () => {
  const { scope } = await createWorld();
  let calls = 0;
  const count = (data: Data) => ({ ...data, count: ++calls });
  scope.update(count);
  const first = scope.commit();
  scope.update(count);
  await first;
  await scope.commit();
  expect([calls, scope.session?.data.count]).toEqual([2, 2]);
});

/** What one call asked for, of whom. */
type Asked = { readonly id: string | undefined; readonly after: (state: State) => State };
type State = { readonly id?: string; readonly data?: Data; readonly tokens?: Tokens | undefined };

const actions = fc.array(
  fc.record({
    action: fc.constantFrom(
      "update",
      "update",
      "count",
      "bulk",
      "begin",
      "destroy",
      "setTokens",
      "tokens",
      "commit",
      "commit",
    ),
    pause: fc.constantFrom(0, 0, 1, 2, 5, 20),
  }),
  { minLength: 2, maxLength: 14 },
);
const delays = fc.infiniteStream(fc.constantFrom(0, 1, 3, 8));

test("whatever is asked for and written side by side, the next request sees what the calls would have made in order", async () => {
  await fc.assert(
    fc.asyncProperty(actions, delays, fc.boolean(), async (schedule, waits, isIdle) => {
      const world = await createWorld(() => turns(waits.next().value ?? 0));
      const { scope, store, clock } = world;
      if (isIdle) clock.advance(10_000);
      let kept: State = { id: scope.session?.id ?? "", data: alice, tokens: { of: "alice" } };
      const asked: Asked[] = [];
      let sent: Promise<void> = Promise.resolve();
      let number = 0;
      const ask = (after: Asked["after"], id = scope.session?.id) => asked.push({ id, after });
      const commit = () => {
        const taken = asked.splice(0);
        // In order, each by itself: one that does not fit is as if it had not been asked for.
        const next = taken.reduce(
          (state, { id, after }) => (id === undefined || id === state.id ? after(state) : state),
          kept,
        );
        const fits = next.data?.bulk === undefined;
        if (fits) kept = next;
        const lines = scope.commit();
        const written = lines.then(
          (made) => {
            expect(fits || taken.length === 0).toBe(true);
            expect(new Set(made.map((line) => line.split("=", 1)[0])).size).toBe(made.length);
            return made;
          },
          (error) => {
            expect(error).toBeInstanceOf(CookieTooLargeError);
            return [];
          },
        );
        sent = sent.then(async () => store(await written));
      };
      const merge = (change: Partial<Data>) => {
        const { session } = scope;
        scope.update(change);
        const id = scope.session?.id ?? "";
        if (session) ask((state) => ({ ...state, data: { ...state.data, ...change } }), id);
        else asked.push({ id: undefined, after: () => ({ id, data: change }) });
      };
      const deeds: Record<string, () => void> = {
        update: () => merge({ [`m${++number % 3}`]: number }),
        bulk: () => merge({ bulk: "x".repeat(9000) }),
        count() {
          if (!scope.session) return;
          const { id } = scope.session;
          const plus = (data: Data = {}) => ({ ...data, count: (data.count ?? 0) + 1 });
          scope.update(plus);
          ask((state) => ({ ...state, data: plus(state.data) }), id);
        },
        begin() {
          const data = { user: `user ${++number}` };
          const tokens = { of: data.user };
          scope.begin(data, tokens);
          const id = scope.session?.id ?? "";
          asked.push({ id: undefined, after: () => ({ id, data, tokens }) });
        },
        destroy() {
          scope.destroy();
          asked.push({ id: undefined, after: () => ({}) });
        },
        setTokens() {
          if (!scope.session) return;
          const tokens = { of: `token ${++number}` };
          const { id } = scope.session;
          scope.setTokens(tokens);
          ask((state) => ({ ...state, tokens }), id);
        },
        tokens: () => void scope.tokens(),
        commit,
      };
      for (const { action, pause } of schedule) {
        deeds[action]?.();
        await turns(pause);
      }
      commit();
      await sent;
      await new Promise((resolve) => setTimeout(resolve));
      const { data, tokens } = kept;
      expect(await seen(world)).toEqual({ data, tokens });
      expect([scope.session?.data, await scope.tokens()]).toEqual([data, tokens]);
    }),
    runs(),
  );
});
