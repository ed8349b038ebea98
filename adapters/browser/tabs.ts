import { ExchangeError } from "../../core/errors.js";
import type { TokenSet } from "../../core/exchange/token-life.js";
import type { User } from "../../core/exchange/user.js";
import { isObject } from "../../core/is-object.js";
import { openChannel } from "./channel.js";
import { exchangeRecord, isLatest, type TabsRecord } from "./database.js";

/** Who is signed in, with the tokens: in memory alone. */
export interface ClientSession {
  readonly user: User;
  readonly tokens: TokenSet;
  /** That the sign-in asked for: a renewal asks for no less. */
  readonly scope: string;
  /** That the sign-in was for. */
  readonly organization?: string | undefined;
  /** Its refresh token was sent, and no answer came: it may be spent. */
  readonly isDoubtful?: boolean | undefined;
}

/** A session, or that there is none, with a number that is greater than those of all before it. */
interface Held {
  readonly generation: number;
  readonly session: ClientSession | null;
  /** What its tokens are for: a tab of another version of the app may have asked for others. */
  readonly purpose: string;
  /** Somebody signed out, and did not merely cease to be signed in. */
  readonly isSignOut?: boolean | undefined;
  /** No tab but this one has it. */
  readonly isOwn?: boolean | undefined;
  /** What this tab goes on with, for it did not hear of the session with this number, which may come yet. */
  readonly isGuess?: boolean | undefined;
}

/** One tab's turn: no other tab of this client has one at the same time. Only who signs out does not wait for its end. */
export interface Turn {
  /** Somebody was signed in when a tab of this client last said so; undefined where that cannot be known. */
  readonly wasSignedIn: boolean | undefined;
  /** Asks the other tabs once more, where none has answered in time. */
  askAgain(): Promise<unknown>;
  /**
   * Told before a refresh token is spent: whatever becomes of this tab, no other spends it as well. False where that cannot
   * be made sure of.
   */
  announce(): Promise<boolean>;
  /** Replaces the session in all tabs. False when another has taken its place meanwhile, or this turn is over. */
  share(session: ClientSession | null, isSignOut?: boolean): Promise<boolean>;
  /** Nobody was found: new tabs need not look. Those that hold a session keep it. */
  forget(): Promise<unknown>;
}

/** What all tabs of one client hold together. */
export interface Tabs {
  /** The session; null for nobody. */
  session(): ClientSession | null;
  /**
   * Does what only one tab may do at a time, after it has heard of all that others did before. With `isUrgent` others are
   * not waited for long.
   * @throws ExchangeError `provider_unreachable` when it takes too long, and what the task throws
   */
  take<T>(task: (turn: Turn) => Promise<T>, isUrgent?: boolean): Promise<T>;
}

/** Milliseconds that a tab waits for the session that others hold: one that has none yet, and one that has. So long what is urgent waits for its turn. */
const NEW_TAB = 100;
const OLD_TAB = 1_000;

/**
 * Tabs hand each other the session over a channel. A message may come after the next tab has got the lock, so that the
 * number of the latest session is kept where it is ordered with it. Where a browser lacks one of these, each tab is alone.
 * A turn ends after `limit` milliseconds at the latest: a request that never ends must not stop the other tabs. `changed` is
 * told whenever the session is another. Of a tab with another purpose, the number counts, and for whom it is.
 */
export function createTabs(
  name: string,
  purpose: string,
  limit: number,
  changed: (session: ClientSession | null, isSignOut?: boolean) => void,
): Tabs {
  const { locks } = navigator as { locks?: LockManager };
  const channel = openChannel(name);
  let isShared = locks !== undefined && channel !== undefined;
  let held: Held = { generation: 0, session: null, purpose };
  let alone: Promise<unknown> = Promise.resolve();
  let woken: (() => void) | undefined;

  const set = (next: Held) => {
    const { session } = held;
    held = next;
    woken?.();
    if (session !== next.session) changed(next.session, next.isSignOut);
  };
  /** Without what might be spent. */
  const guess = (generation: number, session: ClientSession | null) => {
    const cautious = session && { ...session, tokens: { ...session.tokens, refreshToken: undefined } as TokenSet };
    set({ generation, session: cautious, purpose, isGuess: true });
  };

  /** What another tab tells. */
  const accept = (told: Held) => {
    const isLater = told.generation > held.generation;
    const isBetter = told.generation === held.generation && held.isGuess && !told.isGuess;
    if (!isLater && !isBetter) return;
    if (!told.session || told.purpose === purpose) return set(told);
    const { session } = held;
    if (session) set({ ...told, purpose, session: session.user.sub === told.session.user.sub ? session : null });
  };
  channel?.addEventListener("message", ({ data }: MessageEvent<Held | { asks: number }>) => {
    if (!isObject(data as unknown)) return;
    if ("generation" in data) accept(data);
    // What is not written down might be spent by both, and a guess is nothing to tell.
    else if (held.generation > data.asks && !held.isGuess && !(held.isOwn && held.session)) channel.postMessage(held);
  });

  /** Whether the session of that number, or a later one, was heard of in time. */
  const comes = (generation: number, milliseconds: number): Promise<boolean> =>
    new Promise((resolve) => {
      const isHeard = () => held.generation >= generation && !held.isGuess;
      const finish = () => {
        clearTimeout(timer);
        woken = undefined;
        resolve(isHeard());
      };
      const timer = setTimeout(finish, milliseconds);
      woken = () => {
        if (isHeard()) finish();
      };
      channel?.postMessage({ asks: Math.min(held.generation, generation - 1) });
    });

  async function run<T>(task: (turn: Turn) => Promise<T>, isUrgent: boolean): Promise<T> {
    /** null: it cannot be known. */
    const record = isShared ? await exchangeRecord(name).catch(() => null) : null;
    // A new tab that can read nothing asks the others all the same.
    if (record === null && isShared && !held.generation) await comes(1, NEW_TAB);
    const { generation, isSignedIn } = record ?? { generation: held.generation, isSignedIn: held.session !== null };
    const isLost = generation > held.generation && !(await comes(generation, held.generation ? OLD_TAB : NEW_TAB));
    if (isLost) guess(generation, isSignedIn ? held.session : null);
    // Else it cannot be known what others did with the refresh token: not in this turn.
    const isKnown = record !== null || held.isOwn === true;

    let latest = Math.max(generation, held.generation);
    // A time, so that a browser that forgot the last number begins after it. What does not wait comes after what it passes.
    let next = Math.max(latest, Date.now()) + (isUrgent ? OLD_TAB : 1);
    const end = AbortSignal.timeout(limit);
    const isOvertaken = () => end.aborted || held.generation > latest;
    /** undefined: nothing can be written down. */
    const keep = async (kept: TabsRecord) =>
      isShared && !end.aborted
        ? exchangeRecord(name, kept).then(
            (known) => isLatest(kept, known),
            () => undefined,
          )
        : undefined;

    const turn: Turn = {
      wasSignedIn: record === null && !generation ? undefined : isSignedIn,
      askAgain: async () => isLost && comes(generation, OLD_TAB),
      announce: async () =>
        isKnown && !isOvertaken() && ((await keep({ generation: next, isSignedIn: true })) ?? held.isOwn ?? false),
      async share(session, isSignOut) {
        if (isOvertaken()) return false;
        const isKept = await keep({ generation: next, isSignedIn: session !== null });
        if (isKept === false || isOvertaken()) return false;
        latest = next++;
        set({ generation: latest, session, purpose, isSignOut, isOwn: !isKept });
        // Without a number that all can read, two tabs might spend one refresh token: only an end is told.
        if (isKept || !session) channel?.postMessage(held);
        return true;
      },
      forget: () => keep({ generation, isSignedIn: false }),
    };
    const late = new Promise<never>((_resolve, reject) => {
      end.onabort = () => reject(new ExchangeError("provider_unreachable", { cause: "too slow" }));
    });
    return Promise.race([task(turn), late]);
  }

  async function take<T>(task: (turn: Turn) => Promise<T>, isUrgent = false): Promise<T> {
    if (!isShared || !locks) {
      const before = isUrgent ? Promise.race([alone, new Promise((done) => setTimeout(done, OLD_TAB))]) : alone;
      const done = before.then(() => run(task, isUrgent));
      alone = Promise.allSettled([alone, done]);
      return done;
    }
    // A tab that stands still may keep its turn for ever: its numbers are passed, and it cannot write them down any more.
    const signal = AbortSignal.timeout(isUrgent ? OLD_TAB : limit);
    let isBegun = false;
    const begin = () => {
      isBegun = true;
      return run(task, isUrgent);
    };
    try {
      return await locks.request(name, { signal }, begin);
    } catch (error) {
      if (isBegun) throw error;
      if (signal.aborted) return begin();
      // Not for this page.
      isShared = false;
      return take(task, isUrgent);
    }
  }

  return { session: () => held.session, take };
}
