import { expect, test, vi } from "vitest";
import type * as rulesOf from "../../adapters/browser/renewal-rules.js";
import type * as versionsOf from "../../adapters/browser/session-version.js";
import type * as signInOf from "../../adapters/browser/sign-in.js";
import type * as tabsOf from "../../adapters/browser/tabs.js";
import type * as recordOf from "../../adapters/browser/tabs-record.js";
import type { TabsRecord } from "../../adapters/browser/tabs-record.js";
import { LIFE, type ModelTab, type Sabotage, Tape, Violation, type Weather, World } from "../support/tabs-world.js";

/*
 * The protocol between tabs as a model: up to four tabs run the real client, with a simulated browser and provider, in random
 * interleavings. `npm test` plays some; LATCHKEY_INTERLEAVINGS says how many, and LATCHKEY_SEED where the seeds begin.
 */

interface Stage {
  world: World;
  rules: Partial<typeof rulesOf>;
  versions: Partial<typeof versionsOf>;
  mayReplace?: (typeof recordOf)["mayReplace"] | undefined;
  reservesNothing: boolean;
}
const stage = vi.hoisted(() => {
  Object.assign(globalThis, {
    document: {},
    location: { href: "https://app.example/", origin: "https://app.example", pathname: "/", search: "", hash: "" },
  });
  return { rules: {}, versions: {}, reservesNothing: false } as unknown as Stage;
});

vi.mock("../../adapters/browser/renewal-rules.js", async (load) => {
  const real = await load<typeof rulesOf>();
  const replaced = <Name extends "failedRefresh" | "renewalSteps" | "hasEnded">(name: Name) =>
    ((...values: never[]) =>
      ((stage.rules[name] ?? real[name]) as (...values: never[]) => unknown)(...values)) as (typeof real)[Name];
  return {
    ...real,
    failedRefresh: replaced("failedRefresh"),
    renewalSteps: replaced("renewalSteps"),
    hasEnded: replaced("hasEnded"),
  };
});
vi.mock("../../adapters/browser/session-version.js", async (load) => {
  const real = await load<typeof versionsOf>();
  const replaced = <Name extends "versionAfter" | "guessFrom" | "wasSignedIn" | "isBehind" | "maySend">(name: Name) =>
    ((...values: never[]) =>
      ((stage.versions[name] ?? real[name]) as (...values: never[]) => unknown)(...values)) as (typeof real)[Name];
  return {
    ...real,
    versionAfter: replaced("versionAfter"),
    guessFrom: replaced("guessFrom"),
    wasSignedIn: replaced("wasSignedIn"),
    isBehind: replaced("isBehind"),
    maySend: replaced("maySend"),
  };
});
vi.mock("../../adapters/browser/tabs-record.js", async (load) => {
  const real = await load<typeof recordOf>();
  return {
    mayReplace: (...values: Parameters<typeof real.mayReplace>) => (stage.mayReplace ?? real.mayReplace)(...values),
  };
});
vi.mock("../../adapters/browser/database.js", async () => {
  const { mayReplace } = await import("../../adapters/browser/tabs-record.js");
  return {
    readRecord: () => stage.world.access(),
    async writeRecord(_name: string, next: TabsRecord, expected?: number) {
      const before = await stage.world.access(next, (current) => mayReplace(next, current, expected));
      return mayReplace(next, before, expected);
    },
  };
});
vi.mock("../../adapters/browser/channel.js", () => ({ openChannel: () => stage.world.openChannel() }));
vi.mock("../../adapters/browser/page.js", () => ({
  currentPath: () => "/",
  watchPage: ({ onReturn }: { onReturn: () => void }) => {
    if (stage.world.current) stage.world.current.catchUp = onReturn;
    return () => {};
  },
}));
vi.mock("../../adapters/browser/popup.js", () => ({
  openPopup: () => ({ authorize: async () => "", untilClosed: new Promise(() => {}), close() {} }),
}));
vi.mock("../../adapters/browser/sign-in.js", async (load) => ({
  ...(await load<typeof signInOf>()),
  signInElsewhere: (_context: unknown, { mode, subject }: { mode: string; subject?: string }) =>
    stage.world.signIn(mode, subject),
}));
vi.mock("../../adapters/browser/tabs.js", async (load) => {
  const { createTabs } = await load<typeof tabsOf>();
  return {
    createTabs(options: tabsOf.TabsOptions) {
      const { world } = stage;
      const tab = world.current as ModelTab;
      const tabs = createTabs({
        ...options,
        listeners: {
          ...options.listeners,
          onSession(session, isSignOut) {
            world.onSession(tab, session);
            options.listeners.onSession(session, isSignOut);
          },
        },
      });
      if (!stage.reservesNothing) return tabs;
      const takeTurn: tabsOf.Tabs["takeTurn"] = (task, isUrgent) =>
        tabs.takeTurn((turn) => task({ ...turn, reserveRefresh: async () => true }), isUrgent);
      return { ...tabs, takeTurn };
    },
  };
});
vi.mock("../../adapters/browser/settings.js", () => ({
  settingsOf: ({ scope }: { scope: string }) => ({
    clientId: "app",
    issuer: "https://provider.example",
    scope,
    audiences: [],
    resourceIndicators: false,
    allowRedirect: false,
    userinfo: false,
    authorizationParams: {},
    clientKey: "key",
    redirectUri: "https://app.example/callback",
    silentRedirectUri: "https://app.example/callback",
    httpTimeout: 5,
    responseMode: "query",
    ports: { now: stage.world.now },
    provider: stage.world.provider,
    navigate() {},
  }),
}));
const { createClient } = await import("../../adapters/browser/client.js");

const openTab = (world: World) => world.open(() => createClient({ scope: "openid" } as never));

const pick = <T>(tape: Tape, items: readonly T[]): T => items[tape.next(items.length)] as T;

const JUMPS = [-3_600_000, -70_000, -5_000, 5_000, 70_000, 3_600_000];
const WAITS = [1_000, 30_000, 300_000, 560_000, 700_000];

/** What the user, the browser and the provider may do next. */
const operations: ReadonlyArray<(world: World, tab: ModelTab, tape: Tape) => void> = [
  (world, tab) => world.useToken(tab, false),
  (world, tab) => world.useToken(tab, true),
  (world, tab) => world.useToken(tab, true),
  (world, _tab, tape) => world.advance(pick(tape, WAITS)),
  (world, _tab, tape) => world.advance(pick(tape, WAITS)),
  (world, tab, tape) => world.signInByPopup(tab, pick(tape, ["alice", "bob"])),
  (world, tab) => world.signOut(tab),
  (world) => {
    if (world.tabs.filter(({ isDead }) => !isDead).length < 4) openTab(world);
  },
  (world, tab) => world.crash(tab),
  (world, tab) => {
    tab.isFrozen = true;
    world.note(`tab ${tab.id} freezes`);
  },
  (world, tab) => world.enter(tab, () => tab.catchUp?.()),
  (world, _tab, tape) => {
    if (world.weather.hasClockJumps) world.jump(pick(tape, JUMPS));
  },
  (world) => {
    world.isProviderIll = world.weather.hasProviderFaults && !world.isProviderIll;
  },
  (world) => {
    world.isDiskIll = world.weather.hasDiskFaults && !world.isDiskIll;
  },
  (world, _tab, tape) => {
    if (tape.next(8) === 1) world.revokeAll();
  },
];

function thaw(world: World): void {
  for (const tab of world.tabs)
    if (tab.isFrozen) {
      tab.isFrozen = false;
      world.note(`tab ${tab.id} thaws`);
    }
}

/** One random step. A decision of 0 runs the next event. */
function playStep(world: World, tape: Tape): void {
  const decision = tape.next(100);
  if (decision < 60) {
    if (!world.step()) world.skipToTimer();
  } else if (decision < 68) world.skipToTimer();
  else if (decision < 72) thaw(world);
  else {
    const tabs = world.tabs.filter(({ isDead, isFrozen }) => !isDead && !isFrozen);
    const operation = pick(tape, operations);
    const tab = tabs[tape.next(Math.max(tabs.length, 1))] ?? openTabIfRoom(world);
    if (tab) operation(world, tab, tape);
  }
}

const openTabIfRoom = (world: World) =>
  world.tabs.filter(({ isDead }) => !isDead).length < 4 ? openTab(world) : undefined;

/** What must hold at the end, when all faults are over. */
function settle(world: World): void {
  thaw(world);
  world.isDiskIll = false;
  world.isProviderIll = false;
  world.drain();
  const alive = world.tabs.filter(({ isDead }) => !isDead);
  if (alive.length === 0) alive.push(openTab(world));
  const each = (act: (tab: ModelTab) => void) => {
    for (const tab of alive) {
      act(tab);
      world.drain();
    }
  };
  const catchUp = (tab: ModelTab) => world.enter(tab, () => tab.catchUp?.());
  each(catchUp);
  // A session that could not be recorded stays in its tab until it is renewed, or its last token has expired.
  if (world.weather.hasDiskFaults) world.advance(LIFE);
  each((tab) => world.useToken(tab, true));
  each(catchUp);
  const shown = alive.map(({ session }) => `${session?.user.sub} ${session?.tokens.refreshToken}`);
  if (new Set(shown).size > 1) world.fail(`the tabs do not converge: ${shown.join(", ")}`);
  checkLastAction(world, alive[0] as ModelTab);
  world.signInByPopup(alive[0] as ModelTab, "carol");
  world.drain();
  each(catchUp);
  for (const { id, session } of alive)
    if (session?.user.sub !== "carol") world.fail(`tab ${id} does not follow a sign-in`);
}

/** The last sign-in or sign-out counts, if no other one overlaps it. */
function checkLastAction(world: World, { session }: ModelTab): void {
  if (world.weather.hasDiskFaults) return;
  const last = world.actions.at(-1);
  if (!last?.succeeded || world.actions.some((other) => other !== last && other.end >= last.begin)) return;
  if (last.name === "sign_out" && session) world.fail(`${session.user.sub} has signed out and is back`);
  if (last.name === "sign_in" && world.isProviderOf(last.user) && session && session.user.sub !== last.user)
    world.fail(`${last.user} has signed in, and the tabs show ${session.user.sub}`);
}

/**
 * The faults of a run. The clock does not jump in a run whose record fails: a session that no record has ends if the record, once it
 * can be read, has a sign-out of a later time.
 */
function weatherOf(tape: Tape): Weather {
  const hasDiskFaults = tape.next(4) === 1;
  return {
    blocksFrames: tape.next(2) === 1,
    hasProviderFaults: tape.next(2) === 1,
    hasDiskFaults,
    hasClockJumps: !hasDiskFaults && tape.next(3) === 1,
  };
}

const originals = {
  setTimeout,
  clearTimeout,
  now: Date.now,
  random: Math.random,
  elapsed: performance.now.bind(performance),
  timeout: AbortSignal.timeout,
};

/** Plays one interleaving. Returns what went wrong. */
function play(
  tape: Tape,
  sabotage: Sabotage,
  isLogging = false,
): { problem: string | undefined; log: readonly string[] } {
  const world = new World(tape, weatherOf(tape), sabotage);
  world.isLogging = isLogging;
  world.note(JSON.stringify(world.weather));
  stage.world = world;
  Object.assign(globalThis, { setTimeout: world.setTimeout, clearTimeout: world.clearTimeout });
  Date.now = world.now;
  performance.now = world.elapsed;
  Math.random = world.random;
  AbortSignal.timeout = world.timeoutSignal as never;
  Object.defineProperty(globalThis, "navigator", { value: { locks: world.locks }, configurable: true, writable: true });
  try {
    openTab(world);
    world.signInByPopup(world.tabs[0] as ModelTab, "alice");
    const steps = 20 + tape.next(60);
    for (let step = 0; step < steps; step++) playStep(world, tape);
    settle(world);
    return { problem: undefined, log: world.log };
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    return { problem: error.message, log: world.log };
  } finally {
    Object.assign(globalThis, { setTimeout: originals.setTimeout, clearTimeout: originals.clearTimeout });
    Date.now = originals.now;
    performance.now = originals.elapsed;
    Math.random = originals.random;
    AbortSignal.timeout = originals.timeout;
  }
}

/** The kind of a problem: shrinking must not turn one into another. */
const kindOf = (problem: string | undefined) =>
  problem?.replace(/\d+/g, "").replace(/alice|bob|carol|undefined|\(.*|:.*/g, "");

/** The smallest tape found that still leads to the problem: without parts of the tape, and with smaller decisions. */
function shrink(choices: readonly number[], sabotage: Sabotage, problem: string): number[] {
  let best = [...choices];
  const isStill = (candidate: number[]) => kindOf(play(new Tape(candidate), sabotage).problem) === kindOf(problem);
  for (let size = best.length >> 1; size >= 1; size = size > 1 ? size >> 1 : 0) {
    for (let index = best.length - size; index >= 0; index -= size) {
      for (const middle of [[], Array<number>(size).fill(0)]) {
        const candidate = [...best.slice(0, index), ...middle, ...best.slice(index + size)];
        if (candidate.join() !== best.join() && isStill(candidate)) {
          best = candidate;
          break;
        }
      }
    }
  }
  return best;
}

interface Finding {
  readonly seed: number;
  readonly problem: string;
  readonly trace: string;
}

/** Plays interleavings until one goes wrong. */
const findProblem = (first: number, count: number, sabotage: Sabotage = {}, kind = /./): Promise<Finding | undefined> =>
  // The model runs microtasks itself, which only a macrotask may.
  new Promise((resolve, reject) => {
    originals.setTimeout(() => {
      try {
        for (let seed = first; seed < first + count; seed++) {
          const tape = new Tape(seed);
          const { problem } = play(tape, sabotage);
          if (problem === undefined || !kind.test(problem)) continue;
          const smallest = shrink(tape.choices, sabotage, problem);
          return resolve({ seed, problem, trace: play(new Tape(smallest), sabotage, true).log.join("\n") });
        }
        resolve(undefined);
      } catch (error) {
        reject(error);
      }
    }, 0);
  });

const INTERLEAVINGS = Number(process.env["LATCHKEY_INTERLEAVINGS"] ?? 3_000);
const SEED = Number(process.env["LATCHKEY_SEED"] ?? 0);

test("in any interleaving of up to four tabs, no refresh token is spent twice, no user is signed out or changed, and all tabs agree", async () => {
  const begin = performance.now();
  const finding = await findProblem(SEED, INTERLEAVINGS);
  if (INTERLEAVINGS > 3_000 && !finding)
    console.log(
      `${INTERLEAVINGS} interleavings from seed ${SEED}, ${Math.round(INTERLEAVINGS / ((performance.now() - begin) / 1000))} a second`,
    );
  expect(finding && `seed ${finding.seed}: ${finding.problem}\n${finding.trace}`).toBeUndefined();
}, 7_200_000);

/** A fault in the protocol, and the problem that it leads to. */
interface Fault {
  readonly name: string;
  readonly problem: RegExp;
  readonly rules?: Stage["rules"];
  readonly versions?: Stage["versions"];
  readonly mayReplace?: Stage["mayReplace"];
  readonly reservesNothing?: boolean;
  readonly sabotage?: Sabotage;
}

const real = {
  ...(await vi.importActual<typeof rulesOf>("../../adapters/browser/renewal-rules.js")),
  ...(await vi.importActual<typeof versionsOf>("../../adapters/browser/session-version.js")),
};
const faults: readonly Fault[] = [
  {
    // Without the lock alone, the reservations of refresh tokens still hold.
    name: "a tab forgets the lock, and what it has read in the record",
    problem: /sent twice/,
    mayReplace: (next, current) => (current?.generation ?? 0) <= next.generation,
    sabotage: { forgetsLock: true },
  },
  {
    name: "a tab sends a refresh token without the note that it is about to",
    problem: /sent twice/,
    reservesNothing: true,
  },
  {
    name: "a tab takes over an older session",
    problem: /./,
    versions: {
      versionAfter: (current, received) =>
        received.generation < current.generation ? received : real.versionAfter(current, received),
    },
  },
  {
    name: "a failed refresh leaves no doubt",
    problem: /sent twice/,
    rules: { failedRefresh: (session, error) => ({ ...real.failedRefresh(session, error), isDoubtful: false }) },
  },
  {
    name: "a guess leaves no doubt",
    problem: /sent twice/,
    versions: {
      guessFrom(current, record) {
        const guess = real.guessFrom(current, record);
        return { ...guess, session: guess.session && { ...guess.session, isDoubtful: false } };
      },
    },
  },
  {
    name: "a tab sends a doubtful refresh token first",
    problem: /before it tries a frame/,
    rules: { renewalSteps: () => ["refresh", "frame"] },
  },
  {
    name: "a frame without a user ends the session",
    problem: /signed out, which nobody asked for/,
    rules: { hasEnded: (error) => real.codeOf(error) === "login_required" },
  },
  {
    name: "a tab forgets a sign-out",
    problem: /has signed out and is back/,
    versions: { wasSignedIn: () => undefined },
  },
  {
    name: "two turns at the same time may both reserve a refresh token",
    problem: /sent twice/,
    mayReplace: (next, current) => (current?.generation ?? 0) <= next.generation,
  },
  {
    name: "no tab sends its version on request",
    problem: /./,
    versions: { maySend: () => false, isBehind: () => false },
  },
];

test.each(faults)(
  "the model notices when $name",
  async ({ problem, rules = {}, versions = {}, mayReplace, reservesNothing = false, sabotage }) => {
    Object.assign(stage, { rules, versions, mayReplace, reservesNothing });
    try {
      const finding = await findProblem(0, 100_000, sabotage, problem);
      expect(finding?.problem).toMatch(problem);
      if (process.env["LATCHKEY_INTERLEAVINGS"])
        console.log(`found with seed ${finding?.seed}: ${finding?.problem}\n${finding?.trace}`);
    } finally {
      Object.assign(stage, { rules: {}, versions: {}, mayReplace: undefined, reservesNothing: false });
    }
  },
);
