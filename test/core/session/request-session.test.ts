import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createClock, createCookieJar } from "../../../adapters/testing/index.js";
import { CookieTooLargeError } from "../../../core/errors.js";
import { json } from "../../../core/seal/json.js";
import { createSessionContext } from "../../../core/session/context.js";
import { inIdentity } from "../../../core/session/in-cookies.js";
import { readSession } from "../../../core/session/reading.js";
import { BufferedSession, type RequestSession } from "../../../core/session/request-session.js";
import { runs } from "../../support/runs.js";
import { randomBytes, SECRET, slowly, turns } from "./app.js";

type Data = { user?: string; count?: number; bulk?: string; [member: string]: unknown };

const URL = "https://app.example/";

/** An app, a browser in which alice is signed in, and one of its requests. Each write takes some turns. */
async function createWorld(wait = () => turns(3)) {
  const clock = createClock();
  const context = createSessionContext<Data, never>(
    { secret: SECRET },
    { name: "latchkey", storage: slowly(inIdentity, wait), codec: json },
    { now: clock.now, random: randomBytes },
    () => {},
  );
  const jar = createCookieJar({ clock });
  const store = (lines: readonly string[]) => jar.store(lines, URL);
  const open = async () => new BufferedSession(context, await readSession(context, jar.header(URL)));
  const first = await open();
  first.begin({ user: "alice", count: 0 });
  store(await first.commit());
  return { clock, open, store, request: await open() };
}

/** The data that the next request sees. */
const dataSeenBy = async ({ open }: { open: () => Promise<RequestSession<Data>> }) => (await open()).session?.data;

const alice = { user: "alice", count: 0 };

describe("a change during a write", () => {
  /** Writes once, makes another change while that write is under way, and writes again. */
  async function during(
    before: (request: RequestSession<Data>) => void,
    later: (request: RequestSession<Data>) => void,
    idle = 0,
  ) {
    const world = await createWorld();
    const { request, store } = world;
    world.clock.advance(idle);
    before(request);
    const first = request.commit();
    await turns(2);
    later(request);
    const shown = request.session?.data;
    store(await first);
    expect(request.session?.data).toEqual(shown);
    store(await request.commit());
    expect(request.session?.data).toEqual(shown);
    return { shown, data: await dataSeenBy(world) };
  }
  const patch = (change: Partial<Data>) => (request: RequestSession<Data>) => request.update(change);
  const destroy = (request: RequestSession<Data>) => request.destroy();
  const bob = (request: RequestSession<Data>) => request.begin({ user: "bob" });
  const nothing = () => {};

  test.each([
    ["a sign-out during an update", patch({ a: 1 }), destroy, 0, undefined],
    ["a sign-out during a write of activity", nothing, destroy, 10_000, undefined],
    ["a sign-in of another user during a sign-out", destroy, bob, 0, { user: "bob" }],
    ["an update during a write of activity", nothing, patch({ b: 2 }), 10_000, { ...alice, b: 2 }],
    ["an update during another update", patch({ a: 1 }), patch({ b: 2 }), 0, { ...alice, a: 1, b: 2 }],
  ])("%s", async (_name, before, later, idle, data) => {
    const after = await during(before, later, idle);
    expect([after.shown, after.data]).toEqual([data, data]);
  });

  test("a session that begins keeps its id", async () => {
    const { request } = await createWorld();
    const roll = request.commit();
    request.begin({ user: "bob" });
    const id = request.session?.id;
    await roll;
    await request.commit();
    expect(request.session?.id).toBe(id);
  });

  test("an update and a sign-out, changed and written concurrently", async () => {
    const world = await createWorld();
    const { request, store } = world;
    const change = async (make: () => void) => {
      make();
      store(await request.commit());
    };
    await Promise.all([change(() => request.update({ a: 1 })), change(() => request.destroy())]);
    expect([request.session, await dataSeenBy(world)]).toEqual([null, undefined]);
  });

  test("of two concurrent commits, the second writes nothing", async () => {
    const { request } = await createWorld();
    request.update({ a: 1 });
    const lines = await Promise.all([request.commit(), request.commit()]);
    expect(lines.map(({ length }) => length)).toEqual([1, 0]);
  });
});

describe("a write that fails", () => {
  const bulk = "x".repeat(9000);

  test("does not drop the changes made after it", async () => {
    const world = await createWorld();
    const { request, store } = world;
    request.update({ bulk });
    const failing = request.commit();
    request.update((data) => ({ ...data, count: (data.count ?? 0) + 1 }));
    const next = request.commit();
    await expect(failing).rejects.toBeInstanceOf(CookieTooLargeError);
    store(await next);
    expect([request.session?.data, await dataSeenBy(world)]).toEqual([
      { user: "alice", count: 1 },
      { user: "alice", count: 1 },
    ]);
  });

  test("of a new session: changes for that session do not change another", async () => {
    const world = await createWorld();
    const { request, store } = world;
    request.begin({ user: "bob", bulk });
    const failing = request.commit();
    request.update({ role: "for bob" });
    const next = request.commit();
    await expect(failing).rejects.toBeInstanceOf(CookieTooLargeError);
    store(await next);
    expect([request.session?.data, await dataSeenBy(world)]).toEqual([alice, alice]);
  });

  test("a function that relies on data that was not written fails its own commit, and no other", async () => {
    const world = await createWorld();
    const { request, store } = world;
    request.update({ bulk });
    const failing = request.commit();
    request.update((data) => ({ ...data, size: (data.bulk as string).length, bulk: "" }));
    const relying = request.commit();
    request.update({ after: 1 });
    const last = request.commit();
    await expect(failing).rejects.toBeInstanceOf(CookieTooLargeError);
    await expect(relying).rejects.toBeInstanceOf(TypeError);
    store(await last);
    expect(await dataSeenBy(world)).toEqual({ ...alice, after: 1 });
  });

  test("drops the changes that a function made to its argument", async () => {
    const world = await createWorld();
    const { request, store } = world;
    request.update((data) => Object.assign(data, { bulk }));
    await expect(request.commit()).rejects.toBeInstanceOf(CookieTooLargeError);
    expect(request.session?.data).toEqual(alice);
    request.update({ small: 1 });
    store(await request.commit());
    expect(await dataSeenBy(world)).toEqual({ ...alice, small: 1 });
  });
});

test("a function is called once if the data did not change between the call of `update` and the write", async () => {
  const { request } = await createWorld();
  let calls = 0;
  const count = (data: Data) => ({ ...data, count: ++calls });
  request.update(count);
  const first = request.commit();
  request.update(count);
  await first;
  await request.commit();
  expect([calls, request.session?.data.count]).toEqual([2, 2]);
});

/** A change, and the id of the session that it is for; without an id, it is for any session. */
type Change = { readonly id: string | undefined; readonly after: (state: State) => State };
type State = { readonly id?: string; readonly data?: Data };

const actions = fc.array(
  fc.record({
    action: fc.constantFrom("update", "update", "count", "bulk", "begin", "destroy", "commit", "commit"),
    pause: fc.constantFrom(0, 0, 1, 2, 5, 20),
  }),
  { minLength: 2, maxLength: 14 },
);
const delays = fc.infiniteStream(fc.constantFrom(0, 1, 3, 8));

test("for any overlap of changes and writes, the next request sees the result of the calls in their order", async () => {
  await fc.assert(
    fc.asyncProperty(actions, delays, fc.boolean(), async (schedule, waits, isIdle) => {
      const world = await createWorld(() => turns(waits.next().value ?? 0));
      const { request, store, clock } = world;
      if (isIdle) clock.advance(10_000);
      let written: State = { id: request.session?.id ?? "", data: alice };
      const changes: Change[] = [];
      let sent: Promise<void> = Promise.resolve();
      let number = 0;
      const record = (after: Change["after"], id = request.session?.id) => changes.push({ id, after });
      const commit = () => {
        const taken = changes.splice(0);
        // Applies the changes in order. A commit whose cookies are too large changes nothing.
        const next = taken.reduce(
          (state, { id, after }) => (id === undefined || id === state.id ? after(state) : state),
          written,
        );
        const fits = next.data?.bulk === undefined;
        if (fits) written = next;
        const lines = request.commit();
        const result = lines.then(
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
        sent = sent.then(async () => store(await result));
      };
      const merge = (change: Partial<Data>) => {
        const { session } = request;
        request.update(change);
        const id = request.session?.id ?? "";
        if (session) record((state) => ({ ...state, data: { ...state.data, ...change } }), id);
        else changes.push({ id: undefined, after: () => ({ id, data: change }) });
      };
      const act: Record<string, () => void> = {
        update: () => merge({ [`m${++number % 3}`]: number }),
        bulk: () => merge({ bulk: "x".repeat(9000) }),
        count() {
          if (!request.session) return;
          const { id } = request.session;
          const plus = (data: Data = {}) => ({ ...data, count: (data.count ?? 0) + 1 });
          request.update(plus);
          record((state) => ({ ...state, data: plus(state.data) }), id);
        },
        begin() {
          const data = { user: `user ${++number}` };
          request.begin(data);
          const id = request.session?.id ?? "";
          changes.push({ id: undefined, after: () => ({ id, data }) });
        },
        destroy() {
          request.destroy();
          changes.push({ id: undefined, after: () => ({}) });
        },
        commit,
      };
      for (const { action, pause } of schedule) {
        act[action]?.();
        await turns(pause);
      }
      commit();
      await sent;
      await new Promise((resolve) => setTimeout(resolve));
      expect([request.session?.data, await dataSeenBy(world)]).toEqual([written.data, written.data]);
    }),
    runs(),
  );
});
