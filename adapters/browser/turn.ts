import type { ClientSession } from "./client-session.js";
import { writeRecord } from "./database.js";
import { nextGeneration, type TurnStart } from "./session-version.js";
import type { VersionChannel } from "./version-channel.js";

/** What a turn needs of its tab. */
export interface TurnContext {
  readonly name: string;
  readonly purpose: string;
  readonly versions: VersionChannel;
  /** Whether this tab shares a record with others. */
  readonly isShared: boolean;
  /** Aborts when the turn has taken too long. */
  readonly end: AbortSignal;
}

/**
 * One turn of one tab: no other tab of this client has one at the same time, but for an urgent one (a sign-out), which passes
 * a turn that takes long. A turn that was passed, or that took too long, changes nothing any more.
 */
export interface Turn {
  /** Whether a user was signed in when a tab of this client last recorded it; undefined if this cannot be known. */
  readonly wasSignedIn: boolean | undefined;
  /** Requests the session from other tabs once more, if none has sent it in time. */
  requestAgain(): Promise<unknown>;
  /**
   * Records that this tab is about to use the refresh token: whatever becomes of this tab, no other uses it as well. False if
   * that cannot be made sure of; then the refresh token must not be used.
   */
  claimRefresh(): Promise<boolean>;
  /** Replaces the session in all tabs. False if another turn has replaced it meanwhile, or this turn is over. */
  replaceSession(session: ClientSession | null, isSignOut?: boolean): Promise<boolean>;
  /** Records that no user is signed in, so that new tabs do not ask the provider. Tabs that hold a session keep it. */
  recordNoSession(): Promise<unknown>;
}

export function createTurn(
  { name, purpose, versions, isShared, end }: TurnContext,
  { generation, wasSignedIn, knowsRefreshes }: TurnStart,
  isUrgent: boolean,
  requestAgain: Turn["requestAgain"],
): Turn {
  /** The latest generation that this turn has seen or made. A later one in this tab means that this turn was passed. */
  let latest = Math.max(generation, versions.current().generation);
  let next = nextGeneration(latest, Date.now(), isUrgent);

  const isPassed = () => end.aborted || versions.current().generation > latest;
  /** False if the record is later already; undefined if nothing can be recorded. */
  const record = async (newGeneration: number, isSignedIn: boolean): Promise<boolean | undefined> =>
    isShared && !end.aborted
      ? writeRecord(name, { generation: newGeneration, isSignedIn }).catch(() => undefined)
      : undefined;

  return {
    wasSignedIn,
    requestAgain,
    recordNoSession: () => record(generation, false),
    async claimRefresh() {
      if (!knowsRefreshes || isPassed()) return false;
      return (await record(next, true)) ?? versions.current().source === "unrecorded";
    },
    async replaceSession(session, isSignOut = false) {
      if (isPassed()) return false;
      const isRecorded = await record(next, session !== null);
      if (isRecorded === false || isPassed()) return false;
      latest = next++;
      const version = { generation: latest, purpose, source: isRecorded ? "recorded" : "unrecorded" } as const;
      versions.replace(session ? { ...version, session } : { ...version, session, isSignOut });
      // A session that is not recorded stays in this tab, or two tabs could use its refresh token; its end is safe to send.
      if (isRecorded || !session) versions.send();
      return true;
    },
  };
}
