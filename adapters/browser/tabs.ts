import type { ClientSession } from "./client-session.js";
import { createTabLock } from "./tab-lock.js";
import { beginTurn, type Turn } from "./turn.js";
import { openVersionChannel, type SessionListeners } from "./version-channel.js";

/**
 * How the tabs of one client share one session, and use its refresh token once.
 *
 * State. Each tab has one version of the session in memory (`session-version.ts`): a session or none, its generation (a number
 * that grows), and how the tab got it. Tokens are nowhere else. IndexedDB has one record for all tabs (`database.ts`): the latest
 * generation, and whether it has a session.
 *
 * Who may change it. Only a tab in its turn (`turn.ts`). A lock gives turns to one tab at a time (`tab-lock.ts`). In a turn:
 * 1. The tab reads the record. If the tab lacks the version of the record's generation, it requests that version from other tabs.
 * 2. Before the tab sends the refresh token, it reserves that token: it writes the next generation to the record (`reserveRefresh`).
 * 3. To change the session (`replaceSession`), the tab writes the next generation to the record, replaces its version, and sends
 *    the new version to the other tabs. After a reservation, this is the generation that the reservation wrote.
 *
 * Example: a renewal among three tabs. A, B and C have version 7, and the record has 7. Their access token is due, so each
 * requests the lock. (Real generations are times in milliseconds.)
 * - A gets the lock. It reads 7, reserves the refresh token by writing 8, and sends the token. With the new tokens it writes 8
 *   again, makes version 8, and sends it to B and C, which take it over. The turn of A ends.
 * - B gets the lock and reads 8. It has version 8, or requests it if the message has not arrived. Its access token is not due any
 *   more, so B sends nothing to the provider. Then C does the same.
 * - If A dies after it wrote 8, B requests version 8 in vain. B makes a guess: it keeps version 7, and marks the refresh token as
 *   doubtful, because A may have used it. So B renews by a hidden frame and makes version 9, and C takes that over. If the frame
 *   finds no user, B sends the doubtful token when no access token is left: it is all that B has.
 *
 * Messages, over a BroadcastChannel (`version-channel.ts`): the version of a tab, which it sends after a change or on request; or
 * a request for a version later than a generation (`newerThan`). A tab takes over every later version, so the order of messages
 * does not matter. A message may arrive after the next turn has begun: so the record, not a message, says which version is the
 * latest. A guess keeps its old generation, so the version that it missed replaces it whenever that arrives.
 *
 * Notes. A turn may add a note to the record (`writeNote`): until when tabs rest after a renewal that failed, or until when they
 * wait for the page of a tab that went to the provider. The next version removes the note.
 *
 * Time limits. A turn waits for the lock for `limit` milliseconds at most (60 seconds by default); a sign-out is urgent, and waits
 * for one second. Then the turn waits for the version that its tab lacks for one second at most, or in a new tab for a tenth of a
 * second. Its task may then take `limit` milliseconds. An access to the record fails after two seconds.
 *
 * What can go wrong.
 * - No tab sends the latest version in time, because the tab that made it is closed, died in a refresh, or is busy: this tab makes
 *   a guess.
 * - A tab does not finish its turn, because a request hangs or because the browser froze the tab. Another turn passes it: that
 *   turn stops waiting for the lock, and writes a later generation. The turn that was passed finds the later generation in the
 *   record or in its tab, and changes nothing. If no other turn wrote one, the late turn still stores its result, which may hold
 *   the only copy of a new refresh token.
 * - IndexedDB cannot be written: the next version is not recorded. If it has a session, it stays in its tab. If it is a sign-out,
 *   a tab that hears of it believes it more than the record.
 * - IndexedDB cannot be read: this turn does not send the refresh token, unless the version of its tab is not recorded.
 * - The browser has no Web Locks or no BroadcastChannel, or refuses them to this page: each tab has a session of its own, and its
 *   turns follow each other.
 * - A tab runs another version of the app, with another scope or audience, so it has another `tokenKey`. The tabs do not take over
 *   each other's tokens, but they follow each other's generations, sign-outs and changes of user. A tab without a session notes
 *   the user who signed in elsewhere, and gets tokens of its own by a hidden frame (`start.ts`). A tab whose session ends by a
 *   sign-out elsewhere revokes its own refresh token, which the tab of the sign-out does not have.
 */
export interface Tabs {
  /** The session of this tab's version; null if no user is signed in. */
  session(): ClientSession | null;
  /** The user of a sign-in with another `tokenKey`, as a session without tokens, while this tab has no session. */
  elsewhere(): ClientSession | undefined;
  /**
   * Runs a task in a turn: while no other tab runs one, and after this tab has got the latest version. An urgent task waits for
   * the lock for one second at most.
   * @throws ExchangeError `provider_unreachable` when the task takes too long; and the error of the task
   */
  takeTurn<T>(task: (turn: Turn) => Promise<T>, isUrgent?: boolean): Promise<T>;
}

/** The options of {@link createTabs}. */
export interface TabsOptions {
  /** Names the lock, the channel and the record: tabs with the same name share a session. */
  readonly name: string;
  /** The scope and the audiences of this client, as one string. Tabs with different keys do not take over each other's tokens. */
  readonly tokenKey: string;
  /** Milliseconds that a turn may take. */
  readonly limit: number;
  readonly listeners: SessionListeners;
}

export function createTabs({ name, tokenKey, limit, listeners }: TabsOptions): Tabs {
  const versions = openVersionChannel(name, tokenKey, listeners);
  const lock = createTabLock(name, limit, versions.isOpen);
  return {
    session: () => versions.current().session,
    elsewhere: () => versions.current().elsewhere,
    takeTurn: (task, isUrgent = false) =>
      lock(async (isShared) => {
        const turn = await beginTurn(versions, { name, isShared, isUrgent, limit });
        return Promise.race([task(turn), turn.tooLate]);
      }, isUrgent),
  };
}
