import { ExchangeError } from "../../core/errors.js";
import type { ClientSession } from "./client-session.js";
import { readRecord, writeRecord } from "./database.js";
import { guessFrom, nextGeneration, turnStart } from "./session-version.js";
import type { VersionChannel } from "./version-channel.js";

/** Milliseconds that a tab waits for a version that other tabs hold: a tab that knows no session yet, and one that does. */
const NEW_TAB_WAIT = 100;
const WAIT = 1_000;

/**
 * One turn of one tab: no other tab of this client has one at the same time, but for an urgent one (a sign-out), which passes
 * a turn that takes long. A turn that was passed, or that took too long, changes nothing any more.
 */
export interface Turn {
  /** Rejects when the turn has taken too long: with the ExchangeError `provider_unreachable`. */
  readonly tooLate: Promise<never>;
  /** Whether a user was signed in when a tab of this client last recorded it; undefined if this cannot be known. */
  readonly wasSignedIn: boolean | undefined;
  /** Requests the session from other tabs once more, if none has sent it in time. */
  requestAgain(): Promise<unknown>;
  /**
   * Records that this tab is about to use the refresh token: whatever becomes of this tab, no other uses it as well. False if
   * that cannot be made sure of; then the refresh token must not be used.
   */
  claimRefresh(): Promise<boolean>;
  /** Replaces the session in all tabs, or in this tab only if nothing can be recorded. False if another turn has replaced it meanwhile, or this turn is over. */
  replaceSession(session: ClientSession | null, isSignOut?: boolean): Promise<boolean>;
  /** Records that no user is signed in, so that new tabs do not ask the provider. Tabs that hold a session keep it. */
  recordNoSession(): Promise<unknown>;
}

/**
 * Begins a turn: reads the record `name`, and gets the version that it names from other tabs, or makes a guess.
 *
 * @param isShared whether this tab shares a record with others
 * @param limit milliseconds that the turn may take
 */
export async function beginTurn(
  name: string,
  { current, replace, request, send }: VersionChannel,
  isShared: boolean,
  isUrgent: boolean,
  limit: number,
): Promise<Turn> {
  /** null: it cannot be read. */
  const written = isShared ? await readRecord(name).catch(() => null) : null;
  const isNew = () => current().generation === 0;
  // A new tab that cannot read the record requests any version.
  if (written === null && isShared && isNew()) await request(1, NEW_TAB_WAIT);
  const start = turnStart(written, current());
  const { generation, wasSignedIn, knowsRefreshes } = start;
  const isMissed = generation > current().generation && !(await request(generation, isNew() ? NEW_TAB_WAIT : WAIT));
  if (isMissed) replace(guessFrom(current(), start));

  /** The latest generation that this turn has seen or made. A later one in this tab means that this turn was passed. */
  let latest = Math.max(generation, current().generation);
  let next = nextGeneration(latest, Date.now(), isUrgent);
  /** Aborts when the turn has taken too long. */
  const end = AbortSignal.timeout(limit);

  const isPassed = () => end.aborted || current().generation > latest;
  /** False if the record is later already; undefined if nothing can be recorded. */
  const record = async (newGeneration: number, isSignedIn: boolean): Promise<boolean | undefined> =>
    isShared && !end.aborted
      ? writeRecord(name, { generation: newGeneration, isSignedIn }).catch(() => undefined)
      : undefined;

  return {
    tooLate: new Promise<never>((_resolve, reject) => {
      end.onabort = () =>
        reject(new ExchangeError("provider_unreachable", { cause: "the turn took longer than its limit" }));
    }),
    wasSignedIn,
    requestAgain: async () => isMissed && request(generation, WAIT),
    recordNoSession: () => record(generation, false),
    async claimRefresh() {
      if (!knowsRefreshes || isPassed()) return false;
      return (await record(next, true)) ?? current().source === "unrecorded";
    },
    async replaceSession(session, isSignOut) {
      if (isPassed()) return false;
      const isRecorded = await record(next, session !== null);
      if (isRecorded === false || isPassed()) return false;
      latest = next++;
      replace({ ...current(), generation: latest, source: isRecorded ? "recorded" : "unrecorded", session, isSignOut });
      // A session that is not recorded stays in this tab, or two tabs could use its refresh token; its end is safe to send.
      if (isRecorded || !session) send();
      return true;
    },
  };
}
