import { ExchangeError } from "../../core/errors.js";
import type { ClientSession } from "./client-session.js";
import { readRecord, writeRecord } from "./database.js";
import {
  guessFrom,
  hadSession,
  isBehind,
  knowsRefreshes,
  latestRecord,
  nextGeneration,
  type SessionVersion,
  wasSignedIn,
} from "./session-version.js";
import type { TabsRecord } from "./tabs-record.js";
import type { VersionChannel } from "./version-channel.js";

/** Milliseconds that a tab waits for the latest version from other tabs. */
const WAIT = 1_000;
/** Milliseconds that a new tab waits for its first version. */
const NEW_TAB_WAIT = 100;

/** The versions of this page whose refresh token a turn has reserved. Without a record, two turns of one tab need it. */
const reserved = /* @__PURE__ */ new WeakSet<SessionVersion>();

/** Tells whether a tab was frozen for so long that another one has stopped to wait for its version. */
function stopwatch(): () => boolean {
  const begin = performance.now();
  return () => performance.now() - begin >= WAIT;
}

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
 * The record as one turn reads and writes it.
 * @param latest what the turn knows when it begins
 */
function openRecord(
  { name, isShared, isUrgent }: TurnOptions,
  record: TabsRecord | undefined | null,
  latest: TabsRecord,
) {
  /**
   * The generation that the record had when this turn read or wrote it last; undefined if that is not known, or does not matter: a
   * sign-out replaces what another turn has written meanwhile.
   */
  let expected = record === null || isUrgent ? undefined : (record?.generation ?? 0);
  const state = {
    /** What this turn has read or written last. */
    latest,
    /** False if another turn has written the record since this turn read or wrote it; undefined if it cannot be written. */
    async write(change: Partial<TabsRecord>): Promise<boolean | undefined> {
      const { generation, isSignedIn } = state.latest;
      const written = { generation, isSignedIn, ...change };
      const isWritten = isShared ? await writeRecord(name, written, expected).catch(() => undefined) : undefined;
      if (isWritten) state.latest = written;
      // A write that failed may have changed the record.
      if (isWritten !== false) expected = isWritten && written.generation;
      return isWritten;
    },
  };
  return state;
}

/**
 * @param record undefined: no turn wrote one yet. null: it cannot be read, or this tab shares none
 * @param generation the latest generation that the turn knows when it begins
 */
function createTurn(
  { current, replace, request, send }: VersionChannel,
  options: TurnOptions,
  record: TabsRecord | undefined | null,
  generation: number,
): Turn {
  const { isUrgent, limit } = options;
  const isSignedIn = wasSignedIn(record, current());
  const knows = knowsRefreshes(record, current());
  const state = openRecord(options, record, {
    generation: Math.max(generation, current().generation),
    isSignedIn: hadSession(record, current()),
  });
  const { write } = state;
  /** The generation of the next version. */
  let next = nextGeneration(state.latest.generation, Date.now(), isUrgent, Math.random());
  /** Aborts when the turn has taken too long. */
  const timeout = AbortSignal.timeout(limit);
  /** If the tab has a later generation, another turn has passed this one. */
  const isPassed = () => current().generation > state.latest.generation;
  return {
    tooLate: new Promise<never>((_resolve, reject) => {
      timeout.onabort = () =>
        reject(new ExchangeError("provider_unreachable", { cause: "the turn took longer than its limit" }));
    }),
    wasSignedIn: isSignedIn,
    note: record ?? {},
    requestAgain: async () => current().generation < generation && request(generation, WAIT),
    writeNote: write,
    recordNoSession: () => write({ isAbsent: true }),
    async reserveRefresh() {
      const mayReserve = () => knows && !timeout.aborted && !isPassed();
      if (!mayReserve()) return false;
      const version = current();
      const isSlow = stopwatch();
      // If the record cannot be written: no other tab has an unrecorded session, so no other tab can send its refresh token.
      const isReserved = (await write({ generation: next, isSignedIn: true })) ?? !current().isRecorded;
      // A turn that passed this one has waited before it used the token as a last resort.
      if (!isReserved || isSlow() || !mayReserve() || reserved.has(version)) return false;
      reserved.add(version);
      return true;
    },
    async replaceSession(session, isSignOut) {
      if (isPassed()) return false;
      const isSlow = stopwatch();
      const change = { generation: next, isSignedIn: session !== null };
      let isWritten = await write(change);
      // Another turn may have passed this one meanwhile: then the record is not as written.
      if (isWritten && isSlow()) isWritten = await write(change);
      if (isWritten === false || isPassed()) return false;
      const isRecorded = isWritten === true;
      const { tokenKey } = current();
      replace({ generation: next, tokenKey, isRecorded, session, isSignOut });
      state.latest = { generation: next++, isSignedIn: session !== null };
      // As in `maySend`.
      if (isRecorded || !session) send();
      return true;
    },
  };
}
