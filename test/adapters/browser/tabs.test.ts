import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { TabsRecord } from "../../../adapters/browser/database.js";
import { type ClientSession, createTabs, type Tabs, type Turn } from "../../../adapters/browser/tabs.js";

/** What all tabs read and write, and how it fails. */
const disk = vi.hoisted(() => ({
  record: undefined as TabsRecord | undefined,
  isReadable: true,
  isWritable: true,
  /** What a write waits for. */
  before: undefined as Promise<void> | undefined,
}));

vi.mock("../../../adapters/browser/database.js", async (original) => {
  const { isLatest } = await original<typeof import("../../../adapters/browser/database.js")>();
  return {
    isLatest,
    async exchangeRecord(_name: string, next?: TabsRecord) {
      if (next) await disk.before;
      if (!(next ? disk.isWritable : disk.isReadable)) throw new Error("no disk");
      const known = disk.record;
      if (next && isLatest(next, known)) disk.record = next;
      return known;
    },
  };
});

/** A channel whose tabs can be deaf and dumb for a while: what they missed and wanted to say comes after that. */
class Channel {
  static readonly all = new Set<Channel>();
  isFrozen = false;
  readonly #waiting: Array<() => void> = [];
  #listener: ((event: { data: unknown }) => void) | undefined;
  constructor() {
    Channel.all.add(this);
  }
  addEventListener(_type: string, listener: (event: { data: unknown }) => void) {
    this.#listener = listener;
  }
  postMessage(data: unknown) {
    this.#do(() => {
      for (const other of Channel.all) if (other !== this) other.#do(() => other.#listener?.({ data }));
    });
  }
  #do(act: () => void) {
    if (this.isFrozen) this.#waiting.push(act);
    else queueMicrotask(act);
  }
  thaw() {
    this.isFrozen = false;
    for (const act of this.#waiting.splice(0)) queueMicrotask(act);
  }
}

/** Web Locks, as far as they are asked for. */
function createLocks() {
  let last: Promise<unknown> = Promise.resolve();
  return {
    request(_name: string, { signal }: { signal: AbortSignal }, task: () => Promise<unknown>) {
      const late = new Promise<never>((_resolve, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason)),
      );
      const before = last;
      let isGranted = false;
      const granted = before.then(() => {
        if (signal.aborted && !isGranted) throw signal.reason;
        isGranted = true;
      });
      const done = granted.then(task);
      last = done.catch(() => {});
      return Promise.race([granted, late]).then(() => done);
    },
  };
}

beforeEach(() => {
  vi.stubGlobal("navigator", { locks: createLocks() });
  vi.stubGlobal("BroadcastChannel", Channel);
  Object.assign(disk, { record: undefined, isReadable: true, isWritable: true, before: undefined });
  Channel.all.clear();
});
afterEach(() => vi.unstubAllGlobals());

interface Tab extends Tabs {
  readonly channel: Channel;
  /** What it was told of: names, or null. */
  readonly seen: Array<string | null>;
}

function open(purpose = "app", limit = 60_000): Tab {
  const seen: Array<string | null> = [];
  const tabs = createTabs("name", purpose, limit, (session) => void seen.push(session?.user.sub ?? null));
  return { ...tabs, seen, channel: [...Channel.all].at(-1) as Channel };
}

const sessionOf = (sub: string, refreshToken = "r1"): ClientSession => ({
  user: { sub },
  scope: "openid",
  tokens: { accessToken: "a", refreshToken },
});
const signIn = (tab: Tab, session = sessionOf("alice")) => tab.take((turn) => turn.share(session));
const held = (tab: Tab) => [tab.session()?.user.sub, tab.session()?.tokens.refreshToken];
const settle = () => new Promise((done) => setTimeout(done, 5));

describe("a session that is written down", () => {
  test("is every tab's, and a new tab's", async () => {
    const [one, other] = [open(), open()];
    await signIn(one);
    await settle();
    const third = open();
    await third.take(async () => {});
    expect([one, other, third].map(held)).toEqual(Array(3).fill(["alice", "r1"]));
    expect(other.seen).toEqual(["alice"]);
  });

  test("ends in all of them by a sign-out, and new tabs know that nobody is signed in", async () => {
    const [one, other] = [open(), open()];
    await signIn(one);
    await one.take((turn) => turn.share(null, true));
    await settle();
    const third = open();
    expect(await third.take(async (turn) => turn.wasSignedIn)).toBe(false);
    expect([one, other, third].map((tab) => tab.session())).toEqual([null, null, null]);
  });

  test("of another version of the app: its number counts, one's own tokens stay, and not for somebody else", async () => {
    const [old, newer] = [open("old"), open("newer")];
    await signIn(old);
    await signIn(newer, sessionOf("alice", "r2"));
    await settle();
    expect([held(old), held(newer)]).toEqual([
      ["alice", "r1"],
      ["alice", "r2"],
    ]);
    // Not lost: nobody is asked, nothing is given up.
    const from = Date.now();
    await old.take(async () => {});
    expect([held(old), Date.now() - from < 500]).toEqual([["alice", "r1"], true]);
    await signIn(newer, sessionOf("bob"));
    await settle();
    expect(old.session()).toBeNull();
  });
});

describe("a session that cannot be written down", () => {
  test("is one tab's alone: no other may spend its refresh token", async () => {
    const [one, other] = [open(), open()];
    disk.isWritable = false;
    await signIn(one);
    await settle();
    const third = open();
    await third.take(async () => {});
    expect([one, other, third].map(held)).toEqual([
      ["alice", "r1"],
      [undefined, undefined],
      [undefined, undefined],
    ]);
    // Who has it alone may spend it.
    expect(await one.take((turn) => turn.announce())).toBe(true);
  });

  test("but one that others have is spent by nobody", async () => {
    const [one, other] = [open(), open()];
    await signIn(one);
    await settle();
    disk.isWritable = false;
    expect([await one.take((turn) => turn.announce()), await other.take((turn) => turn.announce())]).toEqual([
      false,
      false,
    ]);
  });

  test("a sign-out is told all the same", async () => {
    const [one, other] = [open(), open()];
    await signIn(one);
    await settle();
    disk.isWritable = false;
    await other.take((turn) => turn.share(null, true));
    await settle();
    expect(one.session()).toBeNull();
  });
});

describe("a record that cannot be read", () => {
  test("keeps the refresh token unspent for that turn, and no longer", async () => {
    const [one, other] = [open(), open()];
    await signIn(one);
    await settle();
    disk.isReadable = false;
    expect(await other.take(async (turn) => [turn.wasSignedIn, await turn.announce()])).toEqual([true, false]);
    disk.isReadable = true;
    expect(await other.take((turn) => turn.announce())).toBe(true);
    expect(held(other)).toEqual(["alice", "r1"]);
  });

  test("is no reason for a new tab to take for nobody whom others know, nor for somebody whom nobody knows", async () => {
    const one = open();
    await signIn(one);
    disk.isReadable = false;
    const other = open();
    await other.take(async () => {});
    expect(held(other)).toEqual(["alice", "r1"]);
    await one.take((turn) => turn.share(null, true));
    const third = open();
    expect(await third.take(async (turn) => turn.wasSignedIn)).toBe(false);
    expect(
      await new Promise((done) => {
        Channel.all.clear();
        void open().take(async (turn) => done(turn.wasSignedIn));
      }),
    ).toBeUndefined();
  });
});

describe("a number whose session nobody tells of", () => {
  /** `one` has announced that it spends the refresh token, and is not heard of again. */
  async function lose() {
    const [one, other] = [open(), open()];
    await signIn(one);
    await settle();
    one.channel.isFrozen = true;
    await one.take((turn) => turn.announce());
    return { one, other };
  }

  test("costs the others the refresh token, which may be spent, and nothing else", async () => {
    const { other } = await lose();
    await other.take(async (turn) => expect(await turn.announce()).toBe(true));
    expect(held(other)).toEqual(["alice", undefined]);
    expect(other.seen).toEqual(["alice", "alice"]);
  });

  test("is told by nobody who only guesses", async () => {
    const { other } = await lose();
    await other.take(async () => {});
    const third = open();
    await third.take(async () => {});
    expect(third.session()).toBeNull();
  });

  test("comes yet, and takes the place of the guess", async () => {
    const [one, other] = [open(), open()];
    await signIn(one);
    await settle();
    one.channel.isFrozen = true;
    await signIn(one, sessionOf("alice", "r2"));
    await other.take(async () => {});
    expect(held(other)).toEqual(["alice", undefined]);
    one.channel.thaw();
    await settle();
    expect(held(other)).toEqual(["alice", "r2"]);
  });

  test("is asked for again", async () => {
    const [one, other] = [open(), open()];
    await signIn(one);
    await settle();
    const missed = vi.spyOn(one.channel, "postMessage").mockImplementation(() => {});
    await signIn(one, sessionOf("alice", "r2"));
    await other.take(async (turn) => {
      expect(held(other)).toEqual(["alice", undefined]);
      missed.mockRestore();
      await turn.askAgain();
    });
    expect(held(other)).toEqual(["alice", "r2"]);
  });
});

describe("a turn", () => {
  test("that is over writes nothing, tells nothing and spends nothing", async () => {
    const [one, other] = [open("app", 50), open()];
    await signIn(one);
    await settle();
    const before = disk.record;
    let late: Promise<unknown[]> | undefined;
    await expect(
      one.take((turn) => {
        late = new Promise((done) => setTimeout(done, 100)).then(async () => [
          await turn.announce(),
          await turn.share(sessionOf("alice", "r2")),
        ]);
        return late;
      }),
    ).rejects.toMatchObject({ code: "provider_unreachable" });
    expect(await late).toEqual([false, false]);
    await settle();
    expect([disk.record, held(one), held(other)]).toEqual([before, ["alice", "r1"], ["alice", "r1"]]);
  });

  /** `one` is in its turn until it is told to go on. */
  async function inTurn(limit?: number) {
    const [one, other] = [open("app", limit), open("app", limit)];
    await signIn(one);
    await settle();
    let goOn = () => {};
    let begun = () => {};
    const isBegun = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const waits = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const share = (turn: Turn) => {
      begun();
      return waits.then(() => turn.share(sessionOf("alice", "r2")));
    };
    const shared = one.take(share).catch((error: { code: string }) => error.code);
    await isBegun;
    return { one, other, goOn, shared };
  }

  test("is passed by a sign-out, after which it comes too late", async () => {
    const { one, other, goOn, shared } = await inTurn();
    expect(await other.take((turn) => turn.share(null, true), true)).toBe(true);
    await settle();
    goOn();
    expect(await shared).toBe(false);
    expect([one.session(), other.session(), disk.record?.isSignedIn]).toEqual([null, null, false]);
  });

  test("is passed also where it is writing already", async () => {
    const { one, other, goOn, shared } = await inTurn();
    let write = () => {};
    disk.before = new Promise((resolve) => {
      write = resolve;
    });
    goOn();
    await settle();
    const ended = other.take((turn) => turn.share(null, true), true);
    await new Promise((done) => setTimeout(done, 1_100));
    write();
    expect(await ended).toBe(true);
    await shared;
    await settle();
    expect([one.session(), other.session(), disk.record?.isSignedIn]).toEqual([null, null, false]);
  });

  test("of a tab that stands still is passed by all, after its time: what it wakes up with is too late", async () => {
    const { other, goOn, shared } = await inTurn(200);
    expect(await other.take((turn) => turn.share(sessionOf("alice", "r3")))).toBe(true);
    goOn();
    expect(await shared).toBe("provider_unreachable");
    expect(held(other)).toEqual(["alice", "r3"]);
  });

  test("finds nobody without telling those who know better", async () => {
    const [one, other] = [open(), open()];
    await signIn(one);
    await settle();
    await other.take((turn) => turn.forget());
    await settle();
    expect([held(one), disk.record?.isSignedIn]).toEqual([["alice", "r1"], false]);
  });
});

test("where there are no locks, each tab is alone, and its turns come one after the other", async () => {
  vi.stubGlobal("navigator", {});
  const [one, other] = [open(), open()];
  const order: string[] = [];
  const slowly = (name: string) => async (turn: Turn) => {
    order.push(`${name} begins`);
    await settle();
    order.push(`${name} ends`);
    return turn.share(sessionOf(name));
  };
  await Promise.all([one.take(slowly("a")), one.take(slowly("b"))]);
  await settle();
  expect(order).toEqual(["a begins", "a ends", "b begins", "b ends"]);
  expect([held(one), held(other)]).toEqual([
    ["b", "r1"],
    [undefined, undefined],
  ]);
  await one.take((turn) => turn.share(null, true));
  expect(one.session()).toBeNull();
});
