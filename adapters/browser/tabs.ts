import type { TokenSet } from "../../core/exchange/token-life.js";
import type { User } from "../../core/exchange/user.js";
import { type Record, readRecord, writeRecord } from "./database.js";

/** Who is signed in, with the tokens: in memory alone. */
export interface Session {
  readonly user: User;
  readonly tokens: TokenSet;
  /** That the sign-in asked for: a renewal asks for no less. */
  readonly scope: string;
}

/** A session, or that there is none, and the how-manieth it is among all tabs. */
interface Held {
  readonly generation: number;
  readonly session: Session | null;
  /** What its tokens are for: a tab of an older version of the app may have asked for others. */
  readonly purpose: string;
}

/** One tab's turn: no other tab of this client has one at the same time. */
export interface Turn {
  /** Another tab replaced the session and could not say by what: what is held here may be spent. */
  readonly isLost: boolean;
  /** Somebody was signed in when a tab of this client last said so. */
  readonly wasSignedIn: boolean;
  /** Told before a refresh token is spent: whatever becomes of this tab, no other spends it as well. */
  announce(): Promise<void>;
  /** Replaces the session in all tabs. */
  share(session: Session | null): Promise<void>;
}

/** What all tabs of one client hold together. */
export interface Tabs {
  /** The session; null for nobody. */
  session(): Session | null;
  /** Does what only one tab may do at a time, after it has heard of all that others did before. */
  take<T>(task: (turn: Turn) => Promise<T>): Promise<T>;
}

/** Milliseconds that a tab waits for the session that others hold: one that has none yet, and one that has. */
const NEW_TAB = 100;
const OLD_TAB = 1_000;

/**
 * Tabs hand each other the session over a channel. A message may come after the next tab has got the lock, so that the
 * number of the latest session is kept where it is ordered with it. Where a browser lacks one of these, each tab is alone.
 * `changed` is told whenever the session is another. Sessions for another purpose are not taken over; that there is none is.
 */
export function createTabs(name: string, purpose: string, changed: (session: Session | null) => void): Tabs {
  const { locks } = navigator as { locks?: LockManager };
  const isShared = locks !== undefined && typeof BroadcastChannel === "function" && typeof indexedDB === "object";
  let held: Held = { generation: 0, session: null, purpose };
  let alone: Promise<unknown> = Promise.resolve();
  let woken: (() => void) | undefined;

  const hold = (next: Held) => {
    if (next.generation <= held.generation) return;
    const { session } = held;
    held = next;
    woken?.();
    if (session !== next.session) changed(next.session);
  };
  const channel = isShared ? new BroadcastChannel(name) : undefined;
  channel?.addEventListener("message", ({ data }: MessageEvent<Held | { asks: number }>) => {
    if (!(data instanceof Object)) return;
    if ("generation" in data) {
      if (!data.session || data.purpose === purpose) hold(data);
    } else if (held.generation > data.asks) channel.postMessage(held);
  });

  /** Whether the session of that number, or a later one, was heard of in time. */
  const hears = (generation: number, milliseconds: number): Promise<boolean> =>
    new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer);
        woken = undefined;
        resolve(held.generation >= generation);
      };
      const timer = setTimeout(finish, milliseconds);
      woken = () => {
        if (held.generation >= generation) finish();
      };
      channel?.postMessage({ asks: held.generation });
    });

  async function begin(): Promise<Turn> {
    // Where nothing can be kept, nothing can be ordered either: this tab goes on by itself.
    const record = isShared ? await readRecord(name).catch(() => undefined) : undefined;
    const { generation, isSignedIn } = record ?? { generation: held.generation, isSignedIn: !isShared };
    let isLost = generation > held.generation;
    if (isLost) isLost = !(await hears(generation, held.generation ? OLD_TAB : NEW_TAB));
    // Who was told to forget need not be told what.
    if (isLost && !isSignedIn) hold({ generation, session: null, purpose });
    let next = Math.max(generation, held.generation) + 1;
    const keep = (kept: Record) =>
      isShared
        ? writeRecord(name, kept).then(
            () => true,
            () => false,
          )
        : false;
    return {
      isLost,
      wasSignedIn: isSignedIn,
      announce: async () => void (await keep({ generation: next, isSignedIn: true })),
      async share(session) {
        const isKept = await keep({ generation: next, isSignedIn: session !== null });
        hold({ generation: next++, session, purpose });
        // Without a number that all can read, two tabs might spend one refresh token: only an end is told.
        if (isKept || !session) channel?.postMessage(held);
      },
    };
  }

  return {
    session: () => held.session,
    take(task) {
      const turn = async () => task(await begin());
      if (locks && isShared) return locks.request(name, turn) as ReturnType<typeof turn>;
      const done = alone.then(turn, turn);
      alone = done.catch(() => {});
      return done;
    },
  };
}
