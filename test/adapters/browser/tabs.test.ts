import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { ClientSession } from "../../../adapters/browser/client-session.js";
import type { TabsRecord } from "../../../adapters/browser/database.js";
import { createTabs, type Tabs } from "../../../adapters/browser/tabs.js";
import type { Turn } from "../../../adapters/browser/turn.js";

/** The record that all tabs read and write, and its faults. */
const disk = vi.hoisted(() => ({
  record: undefined as TabsRecord | undefined,
  isReadable: true,
  isWritable: true,
  /** A write waits for this. */
  writing: undefined as Promise<void> | undefined,
}));

vi.mock("../../../adapters/browser/database.js", () => ({
  async readRecord() {
    if (!disk.isReadable) throw new Error("no disk");
    return disk.record;
  },
  async writeRecord(_name: string, next: TabsRecord) {
    await disk.writing;
    if (!disk.isWritable) throw new Error("no disk");
    if (disk.record && disk.record.generation > next.generation) return false;
    disk.record = next;
    return true;
  },
}));

/** A BroadcastChannel that can be frozen for a while: messages to it and from it are delivered when it thaws. */
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

/** The part of Web Locks that tabs use. */
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
  Object.assign(disk, { record: undefined, isReadable: true, isWritable: true, writing: undefined });
  Channel.all.clear();
});
afterEach(() => vi.unstubAllGlobals());

interface Tab extends Tabs {
  readonly channel: Channel;
  /** What its listeners received, in order: a user, null for no user, and what happened in a tab with another key. */
  readonly seen: Array<string | null>;
}

function open(tokenKey = "app", limit = 60_000): Tab {
  const seen: Array<string | null> = [];
  const tabs = createTabs({
    name: "name",
    tokenKey,
    limit,
    listeners: {
      onSession: (session) => void seen.push(session?.user.sub ?? null),
      onSignInElsewhere: () => void seen.push("sign-in elsewhere"),
      onSignOutElsewhere: ({ tokens }) => void seen.push(`sign-out elsewhere of ${tokens.refreshToken}`),
    },
  });
  return { ...tabs, seen, channel: [...Channel.all].at(-1) as Channel };
}

const sessionOf = (sub: string, refreshToken = "r1"): ClientSession => ({
  user: { sub },
  scope: "openid",
  tokens: { accessToken: "a", refreshToken },
});
const signIn = (tab: Tab, session = sessionOf("alice")) => tab.takeTurn((turn) => turn.replaceSession(session));
const sessionIn = (tab: Tab) => [tab.session()?.user.sub, tab.session()?.tokens.refreshToken];
const settle = () => new Promise((done) => setTimeout(done, 5));

describe("a session in the record", () => {
  test("is outcome by all tabs, and by a new tab", async () => {
    const [one, other] = [open(), open()];
    await signIn(one);
    await settle();
    const third = open();
    await third.takeTurn(async () => {});
    expect([one, other, third].map(sessionIn)).toEqual(Array(3).fill(["alice", "r1"]));
    expect(other.seen).toEqual(["alice"]);
  });

  test("ends in all tabs when the user signs out in one, and a new tab knows that no user is signed in", async () => {
    const [one, other] = [open(), open()];
    await signIn(one);
    await one.takeTurn((turn) => turn.replaceSession(null, true));
    await settle();
    const third = open();
    expect(await third.takeTurn(async (turn) => turn.wasSignedIn)).toBe(false);
    expect([one, other, third].map((tab) => tab.session())).toEqual([null, null, null]);
  });

  test("of a tab with another scope: each tab keeps its own tokens, until another user signs in", async () => {
    const [old, newer] = [open("old"), open("newer")];
    await signIn(old);
    await signIn(newer, sessionOf("alice", "r2"));
    await settle();
    expect([sessionIn(old), sessionIn(newer)]).toEqual([
      ["alice", "r1"],
      ["alice", "r2"],
    ]);
    // No version was missed: the tab requests nothing, and keeps its refresh token.
    const from = Date.now();
    await old.takeTurn(async () => {});
    expect([sessionIn(old), Date.now() - from < 500]).toEqual([["alice", "r1"], true]);
    await signIn(newer, sessionOf("bob"));
    await settle();
    expect(old.session()).toBeNull();
  });

  test("of a tab with another scope: a tab without a session hears of the sign-in once, and of the sign-out", async () => {
    const [old, newer, third] = [open("old"), open("newer"), open("newer")];
    await signIn(old);
    await settle();
    expect([newer.session(), newer.elsewhere()?.user.sub, newer.seen]).toEqual([null, "alice", ["sign-in elsewhere"]]);
    await signIn(old, sessionOf("alice", "r2"));
    await settle();
    expect(newer.seen).toEqual(["sign-in elsewhere"]);
    // It gets tokens of its own, and the other tabs keep theirs.
    expect(await newer.takeTurn((turn) => turn.replaceSession(sessionOf("alice", "r3")))).toBe(true);
    await settle();
    expect([old, newer, third].map(sessionIn)).toEqual([
      ["alice", "r2"],
      ["alice", "r3"],
      ["alice", "r3"],
    ]);
    expect([newer.elsewhere(), third.elsewhere()]).toEqual([undefined, undefined]);
    await newer.takeTurn((turn) => turn.replaceSession(null, true));
    await settle();
    // The tab of the sign-out revokes its own refresh token; the others of its key have the same one.
    expect([old, third].map(({ seen }) => seen.slice(-2))).toEqual([
      [null, "sign-out elsewhere of r2"],
      ["alice", null],
    ]);
  });

  test("of a tab with another scope never reaches a tab of a third one as a sign-out", async () => {
    const [old, newer] = [open("old"), open("newer")];
    await signIn(newer);
    await signIn(old);
    await signIn(newer, sessionOf("bob"));
    await settle();
    expect([old.session(), old.elsewhere()?.user.sub]).toEqual([null, "bob"]);
    const fourth = open("newer");
    await fourth.takeTurn(async () => {});
    expect(sessionIn(fourth)).toEqual(["bob", "r1"]);
  });
});

describe("a session that cannot be recorded", () => {
  test("stays in the tab that signed in, which may use its refresh token", async () => {
    const [one, other] = [open(), open()];
    disk.isWritable = false;
    await signIn(one);
    await settle();
    const third = open();
    await third.takeTurn(async () => {});
    expect([one, other, third].map(sessionIn)).toEqual([
      ["alice", "r1"],
      [undefined, undefined],
      [undefined, undefined],
    ]);
    expect(await one.takeTurn((turn) => turn.reserveRefresh())).toBe(true);
  });

  test("if other tabs have it already, no tab may use the refresh token", async () => {
    const [one, other] = [open(), open()];
    await signIn(one);
    await settle();
    disk.isWritable = false;
    expect([
      await one.takeTurn((turn) => turn.reserveRefresh()),
      await other.takeTurn((turn) => turn.reserveRefresh()),
    ]).toEqual([false, false]);
  });

  test("a sign-out reaches other tabs although it cannot be recorded", async () => {
    const [one, other] = [open(), open()];
    await signIn(one);
    await settle();
    disk.isWritable = false;
    await other.takeTurn((turn) => turn.replaceSession(null, true));
    await settle();
    expect(one.session()).toBeNull();
    // A new tab hears of it, although the record has a session.
    const third = open();
    expect(await third.takeTurn(async (turn) => turn.wasSignedIn)).toBe(false);
  });
});

describe("a record that cannot be read", () => {
  test("means that the refresh token is not used in that turn, and may be used in the next one", async () => {
    const [one, other] = [open(), open()];
    await signIn(one);
    await settle();
    disk.isReadable = false;
    expect(await other.takeTurn(async (turn) => [turn.wasSignedIn, await turn.reserveRefresh()])).toEqual([
      true,
      false,
    ]);
    disk.isReadable = true;
    expect(await other.takeTurn((turn) => turn.reserveRefresh())).toBe(true);
    expect(sessionIn(other)).toEqual(["alice", "r1"]);
  });

  test("a new tab still gets the session, or the sign-out, from other tabs; alone it does not know which", async () => {
    const one = open();
    await signIn(one);
    disk.isReadable = false;
    const other = open();
    await other.takeTurn(async () => {});
    expect(sessionIn(other)).toEqual(["alice", "r1"]);
    await one.takeTurn((turn) => turn.replaceSession(null, true));
    const third = open();
    expect(await third.takeTurn(async (turn) => turn.wasSignedIn)).toBe(false);
    expect(
      await new Promise((done) => {
        Channel.all.clear();
        void open().takeTurn(async (turn) => done(turn.wasSignedIn));
      }),
    ).toBeUndefined();
  });
});

describe("a version that no tab sends", () => {
  /** Lets `one` reserve the refresh token while it is frozen. */
  async function freezeInRefresh() {
    const [one, other] = [open(), open()];
    await signIn(one);
    await settle();
    one.channel.isFrozen = true;
    await one.takeTurn((turn) => turn.reserveRefresh());
    return { one, other };
  }

  test("makes the refresh token of the other tabs doubtful, which may be spent, and nothing else", async () => {
    const { other } = await freezeInRefresh();
    await other.takeTurn(async (turn) => expect(await turn.reserveRefresh()).toBe(true));
    expect(sessionIn(other)).toEqual(["alice", "r1"]);
    expect(other.session()?.isDoubtful).toBe(true);
    expect(other.seen).toEqual(["alice", "alice"]);
  });

  test("is replaced by a guess in a new tab too, which has the same doubt", async () => {
    const { other } = await freezeInRefresh();
    await other.takeTurn(async () => {});
    const third = open();
    await third.takeTurn(async () => {});
    expect(sessionIn(third)).toEqual(["alice", "r1"]);
    expect(third.session()?.isDoubtful).toBe(true);
  });

  test("replaces the guesses when it arrives late, even beside a session that is older than theirs", async () => {
    const [one, other, behind] = [open(), open(), open()];
    await signIn(one);
    await settle();
    behind.channel.isFrozen = true;
    await signIn(one, sessionOf("alice", "r2"));
    await settle();
    one.channel.isFrozen = true;
    await signIn(one, sessionOf("alice", "r3"));
    await other.takeTurn(async () => {});
    behind.channel.thaw();
    await behind.takeTurn(async () => {});
    await settle();
    expect([other, behind].map((tab) => [...sessionIn(tab), tab.session()?.isDoubtful])).toEqual([
      ["alice", "r2", true],
      ["alice", "r2", true],
    ]);
    one.channel.thaw();
    await settle();
    expect([other, behind].map((tab) => [...sessionIn(tab), tab.session()?.isDoubtful])).toEqual([
      ["alice", "r3", undefined],
      ["alice", "r3", undefined],
    ]);
  });

  test("can be requested again in the same turn", async () => {
    const [one, other] = [open(), open()];
    await signIn(one);
    await settle();
    const missed = vi.spyOn(one.channel, "postMessage").mockImplementation(() => {});
    await signIn(one, sessionOf("alice", "r2"));
    await other.takeTurn(async (turn) => {
      expect(sessionIn(other)).toEqual(["alice", "r1"]);
      missed.mockRestore();
      await turn.requestAgain();
    });
    expect(sessionIn(other)).toEqual(["alice", "r2"]);
  });
});

describe("a turn", () => {
  /** A turn that takes longer than its limit, and then does what `late` says. */
  async function endLate(one: Tab, late: (turn: Turn) => Promise<unknown>) {
    let result: Promise<unknown> | undefined;
    const outcome = one.takeTurn((turn) => {
      result = new Promise((done) => setTimeout(done, 150)).then(() => late(turn));
      return result;
    });
    await expect(outcome).rejects.toMatchObject({ code: "provider_unreachable" });
    return { result };
  }

  test("that took too long may not use the refresh token", async () => {
    const one = open("app", 50);
    await signIn(one);
    const before = disk.record;
    const { result } = await endLate(one, (turn) => turn.reserveRefresh());
    expect([await result, disk.record]).toEqual([false, before]);
  });

  test("that took too long stores a new refresh token all the same if no other tab has changed the session", async () => {
    const [one, other] = [open("app", 50), open()];
    await signIn(one);
    await settle();
    const { result } = await endLate(one, (turn) => turn.replaceSession(sessionOf("alice", "r2")));
    await other.takeTurn((turn) => turn.writeNote({ restingUntil: 1 }));
    expect(await result).toBe(true);
    await settle();
    expect([one, other].map(sessionIn)).toEqual(Array(2).fill(["alice", "r2"]));
  });

  test.each([
    ["signed in", sessionOf("alice", "r3")],
    ["signed out", null],
  ])("that took too long changes nothing if another tab has %s", async (_what, session) => {
    const [one, other] = [open("app", 50), open()];
    await signIn(one);
    await settle();
    const { result } = await endLate(one, (turn) => turn.replaceSession(sessionOf("alice", "r2")));
    await other.takeTurn((turn) => turn.replaceSession(session, !session));
    const before = disk.record;
    expect(await result).toBe(false);
    await settle();
    expect([one.session(), other.session(), disk.record]).toEqual([session, session, before]);
  });

  test("leaves a note in the record for the next turns, until the session changes", async () => {
    const [one, other] = [open(), open()];
    await signIn(one);
    await one.takeTurn(async (turn) => {
      await turn.reserveRefresh();
      expect(await turn.writeNote({ restingUntil: 7 })).toBe(true);
    });
    const noteIn = (tab: Tab) => tab.takeTurn(async (turn) => turn.note.restingUntil);
    expect([await noteIn(other), await noteIn(open())]).toEqual([7, 7]);
    await signIn(other);
    expect(await noteIn(one)).toBeUndefined();
  });

  /** Lets `one` take a turn that lasts until `goOn` is called. */
  async function inTurn(limit?: number) {
    const [one, other] = [open("app", limit), open("app", limit)];
    await signIn(one);
    await settle();
    let goOn = () => {};
    let begun = () => {};
    const hasBegun = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const waiting = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const slowTurn = (turn: Turn) => {
      begun();
      return waiting.then(() => turn.replaceSession(sessionOf("alice", "r2")));
    };
    const outcome = one.takeTurn(slowTurn).catch((error: { code: string }) => error.code);
    await hasBegun;
    return { one, other, goOn, outcome };
  }

  test("that takes long is passed by a sign-out, and cannot undo it", async () => {
    const { one, other, goOn, outcome } = await inTurn();
    expect(await other.takeTurn((turn) => turn.replaceSession(null, true), true)).toBe(true);
    await settle();
    goOn();
    expect(await outcome).toBe(false);
    expect([one.session(), other.session(), disk.record?.isSignedIn]).toEqual([null, null, false]);
  });

  test("is passed by a sign-out even while it writes its record", async () => {
    const { one, other, goOn, outcome } = await inTurn();
    let write = () => {};
    disk.writing = new Promise((resolve) => {
      write = resolve;
    });
    goOn();
    await settle();
    const ended = other.takeTurn((turn) => turn.replaceSession(null, true), true);
    await new Promise((done) => setTimeout(done, 1_100));
    write();
    expect(await ended).toBe(true);
    await outcome;
    await settle();
    expect([one.session(), other.session(), disk.record?.isSignedIn]).toEqual([null, null, false]);
  });

  test("of a frozen tab is passed by other tabs when its time is over, and changes nothing when the tab wakes up", async () => {
    const { other, goOn, outcome } = await inTurn(200);
    expect(await other.takeTurn((turn) => turn.replaceSession(sessionOf("alice", "r3")))).toBe(true);
    goOn();
    expect(await outcome).toBe("provider_unreachable");
    expect(sessionIn(other)).toEqual(["alice", "r3"]);
  });

  test("that finds no session at the provider leaves the sessions of other tabs alone", async () => {
    const [one, other] = [open(), open()];
    await signIn(one);
    await settle();
    await other.takeTurn((turn) => turn.recordNoSession());
    await settle();
    expect([sessionIn(one), disk.record?.isSignedIn]).toEqual([["alice", "r1"], false]);
  });
});

test("without Web Locks the tabs share no session, and the turns of one tab follow each other", async () => {
  vi.stubGlobal("navigator", {});
  const [one, other] = [open(), open()];
  const order: string[] = [];
  const slowly = (name: string) => async (turn: Turn) => {
    order.push(`${name} begins`);
    await settle();
    order.push(`${name} ends`);
    return turn.replaceSession(sessionOf(name));
  };
  await Promise.all([one.takeTurn(slowly("a")), one.takeTurn(slowly("b"))]);
  await settle();
  expect(order).toEqual(["a begins", "a ends", "b begins", "b ends"]);
  expect([sessionIn(one), sessionIn(other)]).toEqual([
    ["b", "r1"],
    [undefined, undefined],
  ]);
  await one.takeTurn((turn) => turn.replaceSession(null, true));
  expect(one.session()).toBeNull();
});
