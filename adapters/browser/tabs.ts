import type { ClientSession } from "./client-session.js";
import { createTabLock } from "./tab-lock.js";
import { beginTurn, type Turn } from "./turn.js";
import { openVersionChannel, type SessionListener } from "./version-channel.js";

/**
 * How the tabs of one client share one session, and use its refresh token once.
 *
 * State. Every tab holds one version of the session in memory (`session-version.ts`): its generation, its purpose, how the
 * tab came by it, and the session or none. Tokens are nowhere else. IndexedDB holds a record that all tabs read and write
 * (`database.ts`): the generation of the latest version, and whether it has a session.
 *
 * Who may change it. Only a tab in its turn (`turn.ts`). A lock gives turns to one tab at a time (`tab-lock.ts`). A turn begins
 * by reading the record, and with the version of that generation, which it requests from the other tabs if need be. A turn
 * changes the session in this order: it writes the next generation to the record, replaces the version of its own tab, and
 * sends that version to the other tabs. Before it uses the refresh token it writes the next generation too (`claimRefresh`).
 *
 * Messages (`version-channel.ts`), over a BroadcastChannel: the version of a tab, sent by a turn or on request; or a request for
 * a version that is later than a generation (`newerThan`). A tab takes over any later version. Order does not matter: a
 * message may come after the next turn has begun, which is why the record decides what the latest version is.
 *
 * What can go wrong.
 * - No tab sends the latest version in time: the tab that had it is closed, died in a refresh, or is busy. This tab goes on
 *   with a guess (its own session without the refresh token, which may be used up); the version that it missed replaces the
 *   guess when it comes.
 * - A tab does not finish its turn, because its request hangs or because it is frozen. Its turn ends after `limit`
 *   milliseconds; other tabs wait no longer than that, and a sign-out waits one second for the lock and one for the version. A turn that was passed in this way finds
 *   a later generation in the record or in its tab, and changes nothing.
 * - IndexedDB cannot be written: the version is `unrecorded`. A session of that kind stays in its tab. IndexedDB cannot be
 *   read: no refresh token is used in that turn, unless the version is this tab's own.
 * - The browser has no Web Locks or no BroadcastChannel, or refuses them to this page: each tab is on its own, and its turns
 *   follow each other.
 * - A tab runs another version of the app, with another scope or audience: it has another purpose. The tabs do not take over
 *   each other's tokens, but they follow each other's generations, sign-outs and changes of user.
 */
export interface Tabs {
  /** The session that this tab knows; null if no user is signed in. */
  session(): ClientSession | null;
  /**
   * Runs a task that only one tab may run at a time, after this tab has received what other tabs did before. An urgent task
   * waits one second at most for the lock, and one second for the latest version.
   * @throws ExchangeError `provider_unreachable` when the task takes too long, and what the task throws
   */
  takeTurn<T>(task: (turn: Turn) => Promise<T>, isUrgent?: boolean): Promise<T>;
}

/** What {@link createTabs} needs to know. */
export interface TabsOptions {
  /** Names the lock, the channel and the record: tabs with the same name share a session. */
  readonly name: string;
  /** What the tokens are for. Tabs with another purpose do not take over each other's tokens. */
  readonly purpose: string;
  /** Milliseconds that a turn may take. */
  readonly limit: number;
  readonly onSession: SessionListener;
}

export function createTabs({ name, purpose, limit, onSession }: TabsOptions): Tabs {
  const versions = openVersionChannel(name, purpose, onSession);
  const lock = createTabLock(name, limit, versions.isOpen);
  return {
    session: () => versions.current().session,
    takeTurn: (task, isUrgent = false) =>
      lock(async (isShared) => {
        const turn = await beginTurn(name, versions, isShared, isUrgent, limit);
        return Promise.race([task(turn), turn.tooLate]);
      }, isUrgent),
  };
}
