import { ExchangeError } from "../../core/errors.js";
import type { ClientSession } from "./client-session.js";
import { readRecord, writeRecord } from "./database.js";
import { guessFrom, nextGeneration, turnStart } from "./session-version.js";
import type { VersionChannel } from "./version-channel.js";

/** Milliseconds that a tab waits for the latest version from other tabs. */
const WAIT = 1_000;
/** Milliseconds that a new tab waits for its first version. */
const NEW_TAB_WAIT = 100;

/**
 * One turn of one tab; `tabs.ts` says how turns work together. Another turn runs at the same time only if it passed this one,
 * because it waited for the lock too long. A turn that was passed, or that took too long, changes nothing any more.
 */
export interface Turn {
  /** Rejects with the ExchangeError `provider_unreachable` when the turn has taken too long. */
  readonly tooLate: Promise<never>;
  /** Whether the record has a session, or this tab has one if it cannot read the record; undefined in a new tab that cannot read it. */
  readonly wasSignedIn: boolean | undefined;
  /** Requests the latest version from other tabs once more, if none of them sent it when the turn began. */
  requestAgain(): Promise<unknown>;
  /**
   * Writes the next generation to the record before the refresh token is sent, so that no other tab sends that token, even if
   * this tab dies. The next `replaceSession` writes the same generation again. False if another tab might send the token as
   * well: then this tab must not send it.
   */
  reserveRefresh(): Promise<boolean>;
  /**
   * Replaces the session in all tabs. If the record cannot be written, a new session stays in this tab, but the end of a session
   * still reaches all tabs. False if another turn has passed this one, or if this one took too long: then nothing changes.
   */
  replaceSession(session: ClientSession | null, isSignOut?: boolean): Promise<boolean>;
  /** Records that no user is signed in, so that new tabs do not ask the provider. Tabs that have a session keep it. */
  recordNoSession(): Promise<unknown>;
}

/**
 * Begins a turn: reads the record `name`, and requests the version of its generation from other tabs if this tab lacks it. If no
 * tab sends that version, makes a guess.
 *
 * @param isShared whether this tab takes turns with other tabs, and shares the record with them
 * @param limit milliseconds that the turn may take
 */
export async function beginTurn(
  name: string,
  { current, replace, request, send }: VersionChannel,
  isShared: boolean,
  isUrgent: boolean,
  limit: number,
): Promise<Turn> {
  /** undefined: no turn wrote a record yet. null: the record cannot be read, or this tab shares none. */
  const record = isShared ? await readRecord(name).catch(() => null) : null;
  const isNew = () => current().generation === 0;
  // A new tab that cannot read the record requests any version.
  if (record === null && isShared && isNew()) await request(1, NEW_TAB_WAIT);
  const start = turnStart(record, current());
  const { generation, wasSignedIn, knowsRefreshes } = start;
  const isMissed = generation > current().generation && !(await request(generation, isNew() ? NEW_TAB_WAIT : WAIT));
  if (isMissed) replace(guessFrom(current(), start));

  /** The latest generation that this turn has read or made. If the tab has a later one, another turn has passed this one. */
  let latest = Math.max(generation, current().generation);
  /** The generation of the next version. */
  let next = nextGeneration(latest, Date.now(), isUrgent);
  /** Aborts when the turn has taken too long. */
  const timeout = AbortSignal.timeout(limit);

  const isPassed = () => timeout.aborted || current().generation > latest;
  /** False if the record has a later generation already; undefined if it cannot be written. */
  const write = async (newGeneration: number, isSignedIn: boolean): Promise<boolean | undefined> =>
    isShared && !timeout.aborted
      ? writeRecord(name, { generation: newGeneration, isSignedIn }).catch(() => undefined)
      : undefined;

  return {
    tooLate: new Promise<never>((_resolve, reject) => {
      timeout.onabort = () =>
        reject(new ExchangeError("provider_unreachable", { cause: "the turn took longer than its limit" }));
    }),
    wasSignedIn,
    requestAgain: async () => isMissed && request(generation, WAIT),
    recordNoSession: () => write(generation, false),
    async reserveRefresh() {
      if (!knowsRefreshes || isPassed()) return false;
      // If the record cannot be written: no other tab has an `unrecorded` session, so no other tab can send its refresh token.
      return (await write(next, true)) ?? current().source === "unrecorded";
    },
    async replaceSession(session, isSignOut) {
      if (isPassed()) return false;
      const isRecorded = await write(next, session !== null);
      if (isRecorded === false || isPassed()) return false;
      latest = next++;
      replace({ ...current(), generation: latest, source: isRecorded ? "recorded" : "unrecorded", session, isSignOut });
      // As in `maySend`.
      if (isRecorded || !session) send();
      return true;
    },
  };
}
