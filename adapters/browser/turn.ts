import { ExchangeError } from "../../core/errors.js";
import type { ClientSession } from "./client-session.js";
import { readRecord, type TabsRecord, writeRecord } from "./database.js";
import { guessFrom, isBehind, knowsRefreshes, latestRecord, nextGeneration, wasSignedIn } from "./session-version.js";
import type { VersionChannel } from "./version-channel.js";

/** Milliseconds that a tab waits for the latest version from other tabs. */
const WAIT = 1_000;
/** Milliseconds that a new tab waits for its first version. */
const NEW_TAB_WAIT = 100;

/** What a tab adds to the record for the other tabs. The next version removes it. */
export type TurnNote = Pick<TabsRecord, "restingUntil" | "awayUntil">;

/**
 * One turn of one tab; `tabs.ts` says how turns work together. Another turn runs at the same time only if it passed this one,
 * because it waited for the lock too long. A turn that was passed changes nothing any more.
 */
export interface Turn {
  /** Rejects with the ExchangeError `provider_unreachable` when the turn has taken too long. */
  readonly tooLate: Promise<never>;
  /** Whether a user is signed in, as far as this tab knows; undefined in a new tab that cannot read the record. */
  readonly wasSignedIn: boolean | undefined;
  /** The note in the record when the turn began. */
  readonly note: TurnNote;
  /** Requests the latest version from other tabs once more, if none of them sent it when the turn began. */
  requestAgain(): Promise<unknown>;
  /**
   * Writes the next generation to the record before the refresh token is sent, so that no other tab sends that token, even if
   * this tab dies. The next `replaceSession` writes the same generation again. False if another tab might send the token as
   * well, or if this turn took too long: then this tab must not send it.
   */
  reserveRefresh(): Promise<boolean>;
  /**
   * Replaces the session in all tabs. If the record cannot be written, a new session stays in this tab, but the end of a session
   * still reaches all tabs. False if another turn has passed this one: then nothing changes. A turn that took too long still
   * replaces the session if no other turn did: it may have the only copy of a new refresh token.
   */
  replaceSession(session: ClientSession | null, isSignOut?: boolean): Promise<boolean>;
  /** Writes a note for the other tabs, which keep their versions. Resolves with true if it was written. */
  writeNote(note: TurnNote): Promise<boolean | undefined>;
  /** Records that no user is signed in, so that new tabs do not ask the provider. Tabs that have a session keep it. */
  recordNoSession(): Promise<unknown>;
}

/** How a turn begins. */
export interface TurnOptions {
  /** The name of the record. */
  readonly name: string;
  /** Whether this tab takes turns with other tabs, and shares the record with them. */
  readonly isShared: boolean;
  readonly isUrgent: boolean;
  /** Milliseconds that the turn may take. */
  readonly limit: number;
}

/**
 * Begins a turn: reads the record, and requests the version of its generation from other tabs if this tab lacks it. If no tab
 * sends that version, makes a guess.
 */
export async function beginTurn(channel: VersionChannel, options: TurnOptions): Promise<Turn> {
  const { current, replace, request } = channel;
  const { name, isShared } = options;
  const record = isShared ? await readRecord(name).catch(() => null) : null;
  const isNew = () => current().generation === 0;
  // A new tab that cannot read the record requests any version.
  if (record === null && isShared && isNew()) await request(1, NEW_TAB_WAIT);
  const latest = latestRecord(record, current());
  const { generation } = latest;
  if (isBehind(current(), generation) && !(await request(generation, isNew() ? NEW_TAB_WAIT : WAIT))) {
    replace(guessFrom(current(), latest));
  }
  return createTurn(channel, options, record, generation);
}

/**
 * @param record undefined: no turn wrote one yet. null: it cannot be read, or this tab shares none
 * @param generation the latest generation that the turn knows when it begins
 */
function createTurn(
  { current, replace, request, send }: VersionChannel,
  { name, isShared, isUrgent, limit }: TurnOptions,
  record: TabsRecord | undefined | null,
  generation: number,
): Turn {
  const isSignedIn = wasSignedIn(record, current());
  const knows = knowsRefreshes(record, current());
  /** What this turn has read or written last. If the tab has a later generation, another turn has passed this one. */
  let latest: TabsRecord = {
    generation: Math.max(generation, current().generation),
    isSignedIn: isSignedIn === true,
  };
  /** The generation of the next version. */
  let next = nextGeneration(latest.generation, Date.now(), isUrgent);
  /** Aborts when the turn has taken too long. */
  const timeout = AbortSignal.timeout(limit);

  const isPassed = () => current().generation > latest.generation;
  /** False if the record has a later generation already; undefined if it cannot be written. */
  const write = async (change: Partial<TabsRecord>): Promise<boolean | undefined> => {
    const written = { generation: latest.generation, isSignedIn: latest.isSignedIn, ...change };
    const isWritten = isShared ? await writeRecord(name, written).catch(() => undefined) : undefined;
    if (isWritten) latest = written;
    return isWritten;
  };
  return {
    tooLate: new Promise<never>((_resolve, reject) => {
      timeout.onabort = () =>
        reject(new ExchangeError("provider_unreachable", { cause: "the turn took longer than its limit" }));
    }),
    wasSignedIn: isSignedIn,
    note: record ?? {},
    requestAgain: async () => current().generation < generation && request(generation, WAIT),
    writeNote: write,
    recordNoSession: () => write({ isSignedIn: false }),
    async reserveRefresh() {
      if (!knows || timeout.aborted || isPassed()) return false;
      // If the record cannot be written: no other tab has an unrecorded session, so no other tab can send its refresh token.
      return (await write({ generation: next, isSignedIn: true })) ?? !current().isRecorded;
    },
    async replaceSession(session, isSignOut) {
      if (isPassed()) return false;
      const isWritten = await write({ generation: next, isSignedIn: session !== null });
      if (isWritten === false || isPassed()) return false;
      const isRecorded = isWritten === true;
      const { tokenKey } = current();
      replace({ generation: next, tokenKey, isRecorded, session, isSignOut });
      latest = { generation: next++, isSignedIn: session !== null };
      // As in `maySend`.
      if (isRecorded || !session) send();
      return true;
    },
  };
}
