import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createClock, createCookieJar } from "../../../adapters/testing/index.js";
import { CookieTooLargeError } from "../../../core/errors.js";
import { inCookies } from "../../../core/session/in-cookies.js";
import type { SessionsOptions } from "../../../core/session/options.js";
import type { CreateStorage } from "../../../core/session/storage.js";
import { openTokens, setTokens } from "../../../core/session/tokens.js";
import type { SessionChange } from "../../../core/session/write-queue.js";
import { runs } from "../../support/runs.js";
import { createTestSessions, inMemory, slowly, turns } from "./app.js";

type Data = { user?: string; count?: number; bulk?: string; [member: string]: unknown };
type Tokens = { of: string };
type Change = SessionChange<Data, Tokens>;

const URL = "https://app.example/";
const bulk = "x".repeat(9000);

/** Options of the sessions, and where they are stored. */
type WorldOptions = Partial<SessionsOptions<Data>> & { storageOf?: (clock: { now(): number }) => CreateStorage };

/** An app, a browser in which alice is signed in, and the write queue of one of its requests. */
async function createWorld(
  wait = () => turns(3),
  { storageOf = () => slowly(inCookies, wait), ...options }: WorldOptions = {},
) {
  const clock = createClock();
  const sessions = createTestSessions<Data, Tokens>({ storage: storageOf(clock), ...options }, clock.now);
  const jar = createCookieJar({ clock });
  const open = async () => (await sessions.open(jar.header(URL))).queue;
  const first = await open();
  const begin: Change = (draft) => draft.begin({ user: "alice", count: 0 }, { of: "alice" });
  jar.store(await first.commit(begin, { roll: true }), URL);
  const queue = await open();
  return {
    clock,
    jar,
    queue,
    tokens: () => queue.run(() => openTokens(sessions.context, queue.reading)),
    open,
    /** Commits, and stores the lines in the browser. */
    commit: async (change?: Change, roll = true) => jar.store(await queue.commit(change, { roll }), URL),
    /** The data and the tokens that the next request sees. */
    async seen() {
      const next = await open();
      return { data: next.reading.session?.data, tokens: await openTokens(sessions.context, next.reading) };
    },
  };
}

const alice = { user: "alice", count: 0 };
const update =
  (patch: Partial<Data>): Change =>
  (draft) =>
    draft.update((data) => ({ ...data, ...patch }));

describe("concurrent commits", () => {
  test("run in the order of the calls, each on the result of the one before", async () => {
    const { queue, commit, seen } = await createWorld();
    const order: string[] = [];
    const counting =
      (name: string): Change =>
      async (draft) => {
        order.push(`${name} begins`);
        await turns(5);
        draft.update((data) => ({ ...data, count: (data.count ?? 0) + 1 }));
        order.push(`${name} ends`);
      };
    await Promise.all([commit(counting("first")), commit(counting("second"))]);
    expect(order).toEqual(["first begins", "first ends", "second begins", "second ends"]);
    expect([queue.reading.session?.data, (await seen()).data]).toEqual([
      { ...alice, count: 2 },
      { ...alice, count: 2 },
    ]);
  });

  test("an update concurrent with a sign-out finds no session, and does not begin one", async () => {
    const { queue, commit, seen } = await createWorld();
    const signOut = commit((draft) => draft.destroy());
    let isUpdated: unknown;
    await commit(async (draft) => (isUpdated = await update({ late: 1 })(draft)));
    await signOut;
    expect(isUpdated).toBe(false);
    expect([queue.reading.session, await seen()]).toEqual([null, { data: undefined, tokens: undefined }]);
  });

  test("concurrent changes of the tokens and of the data are both written", async () => {
    const { commit, seen } = await createWorld();
    await Promise.all([commit((draft) => setTokens(draft, { of: "newer" })), commit(update({ a: 1 }))]);
    expect(await seen()).toEqual({ data: { ...alice, a: 1 }, tokens: { of: "newer" } });
  });

  test("the reading changes only when a write has ended", async () => {
    const { queue, commit } = await createWorld();
    const before = queue.reading;
    const written = commit(update({ a: 1 }));
    await turns(4);
    expect(queue.reading).toBe(before);
    await written;
    expect([before.session?.data, queue.reading.session?.data]).toEqual([alice, { ...alice, a: 1 }]);
  });

  test("a draft that is changed after its function has returned changes nothing", async () => {
    const { commit, seen } = await createWorld();
    await commit((draft) => {
      draft.update((data) => ({ ...data, a: 1 }));
      void turns(1).then(() => draft.destroy());
    });
    expect((await seen()).data).toEqual({ ...alice, a: 1 });
  });
});

describe("a change that fails", () => {
  test.each<[string, Change, new (...args: never[]) => Error]>([
    ["its function throws", () => Promise.reject(new RangeError("of the app")), RangeError],
    ["its cookies are too large", update({ bulk }), CookieTooLargeError],
    ["its tokens are too large", (draft) => setTokens(draft, { of: bulk }), CookieTooLargeError],
  ])(
    "because %s rejects its own commit; the next commit starts from the written session",
    async (_why, change, type) => {
      const { queue, tokens, commit, seen } = await createWorld();
      const failing = commit(change);
      const next = commit(update({ a: 1 }));
      await expect(failing).rejects.toBeInstanceOf(type);
      await next;
      const expected = { data: { ...alice, a: 1 }, tokens: { of: "alice" } };
      expect({ data: queue.reading.session?.data, tokens: await tokens() }).toEqual(expected);
      expect(await seen()).toEqual(expected);
    },
  );
});

describe("the lines of a write", () => {
  test("reach `send` once, before the commit returns; without lines it is not called", async () => {
    const { queue } = await createWorld();
    const sent: unknown[] = [];
    const send = (lines: readonly string[]) => sent.push(lines);
    const lines = await queue.commit(update({ a: 1 }), { roll: true, send });
    await queue.commit(undefined, { roll: true, send });
    expect(lines).toHaveLength(1);
    expect(sent).toEqual([lines]);
  });

  test("are only those of activity if nothing was changed, and only with `roll`", async () => {
    const { clock, queue } = await createWorld();
    clock.advance(10_000);
    expect(await queue.commit(undefined, { roll: false })).toEqual([]);
    const lines = await queue.commit(undefined, { roll: true });
    expect(lines.map((line) => line.replace(/=.*/, ""))).toEqual([
      expect.stringMatching(/^__Host-latchkey\..{6}\.seen$/),
    ]);
  });
});

describe("tokens that are opened during a write that", () => {
  test.each<[string, Change, Tokens | undefined]>([
    ["sets other tokens", (draft) => setTokens(draft, { of: "newer" }), { of: "newer" }],
    ["begins a session of another user", (draft) => draft.begin({ user: "bob" }, { of: "bob" }), { of: "bob" }],
    ["removes the tokens", (draft) => setTokens(draft, undefined), undefined],
    ["ends the session", (draft) => draft.destroy(), undefined],
  ])("%s are those before the write or those after it, and later those after it", async (_what, change, tokens) => {
    for (const wait of [0, 1, 2, 3, 5, 8, 13]) {
      const { tokens: open, commit, seen } = await createWorld(() => turns(5));
      const opening = open();
      await turns(wait);
      await commit(change);
      expect([{ of: "alice" }, tokens]).toContainEqual(await opening);
      expect(await open()).toEqual(tokens);
      expect((await seen()).tokens).toEqual(tokens);
    }
  });

  test("changes nothing are opened once", async () => {
    let opened = 0;
    const { tokens } = await createWorld(async () => void opened++);
    await tokens();
    await tokens();
    expect(opened).toBe(3); // two waits of the save in createWorld, and one of tokens()
  });
});

test("with a store, patches are applied again to the data that another request saved meanwhile, and its tokens stay", async () => {
  const { open, commit, seen } = await createWorld(undefined, { storageOf: (clock) => inMemory(clock) });
  const other = await open();
  const plus: Change = (draft) => draft.update((data) => ({ ...data, count: (data.count ?? 0) + 1 }));
  await other.commit(plus, { roll: true });
  await other.commit((draft) => setTokens(draft, { of: "other" }), { roll: true });
  await commit(plus);
  await commit(plus);
  expect(await seen()).toEqual({ data: { ...alice, count: 3 }, tokens: { of: "other" } });
});

type State = { readonly data?: Data | undefined; readonly tokens?: Tokens | undefined };

const schedules = fc.array(
  fc.record({
    action: fc.constantFrom("update", "count", "bulk", "begin", "destroy", "setTokens", "tokens", "nothing"),
    pause: fc.constantFrom(0, 0, 1, 2, 5, 20),
  }),
  { minLength: 2, maxLength: 14 },
);
const delays = fc.infiniteStream(fc.constantFrom(0, 1, 3, 8));

test("for any overlap of commits, each reader and the next request see the results of the calls in their order", async () => {
  await fc.assert(
    fc.asyncProperty(schedules, delays, fc.boolean(), async (schedule, waits, isIdle) => {
      const { clock, jar, queue, tokens: openTokens, seen } = await createWorld(() => turns(waits.next().value ?? 0));
      if (isIdle) clock.advance(10_000);
      const states: State[] = [{ data: alice, tokens: { of: "alice" } }];
      const now = () => states.at(-1) as State;
      const results: Array<Promise<void>> = [];
      let sent: Promise<void> = Promise.resolve();
      let number = 0;
      /** Commits the change; `after` is the state that it should lead to. */
      const commit = (change: Change | undefined, after: State) => {
        const fits = after.data?.bulk === undefined;
        states.push(fits ? after : now());
        const written = queue.commit(change, { roll: true }).catch((error: unknown) => {
          expect(fits).toBe(false);
          expect(error).toBeInstanceOf(CookieTooLargeError);
          return [];
        });
        sent = sent.then(async () => jar.store(await written, URL));
      };
      const patch = (apply: (data: Data) => Data) => {
        const { data, tokens } = now();
        // As in the relying party, an update without a session does nothing.
        const change: Change = (draft) => (draft.session ? draft.update(apply) : undefined);
        commit(change, data ? { data: apply(data), tokens } : {});
      };
      const actions: Record<(typeof schedule)[number]["action"], () => void> = {
        update: () => {
          const at = ++number;
          patch((data) => ({ ...data, [`m${at % 3}`]: at }));
        },
        count: () => patch((data) => ({ ...data, count: (data.count ?? 0) + 1 })),
        bulk: () => patch((data) => ({ ...data, bulk })),
        begin() {
          const data = { user: `user ${++number}` };
          const tokens = { of: data.user };
          commit((draft) => draft.begin(data, tokens), { data, tokens });
        },
        destroy: () => commit((draft) => draft.destroy(), {}),
        setTokens() {
          const { data } = now();
          const tokens = { of: `token ${++number}` };
          commit((draft) => (draft.session ? setTokens(draft, tokens) : undefined), data ? { data, tokens } : {});
        },
        tokens() {
          const since = states.length - 1;
          const check = (tokens: Tokens | undefined) =>
            expect(states.slice(since).map((state) => state.tokens)).toContainEqual(tokens);
          results.push(openTokens().then(check));
        },
        nothing: () => commit(undefined, now()),
      };
      for (const { action, pause } of schedule) {
        actions[action]();
        await turns(pause);
      }
      await Promise.all([...results, sent]);
      const { data, tokens } = now();
      expect(await seen()).toEqual({ data, tokens });
      expect({ data: queue.reading.session?.data, tokens: await openTokens() }).toEqual({ data, tokens });
    }),
    runs(),
  );
});
