import { ExchangeError } from "../../core/errors.js";
import type { ClientSession } from "./client-session.js";
import { type TabsRecord, writeRecord } from "./database.js";
import { nextGeneration, type TurnStart } from "./session-version.js";
import type { VersionChannel } from "./version-channel.js";

/** What a turn needs of its tab. */
export interface TurnContext {
  readonly name: string;
  readonly purpose: string;
  readonly versions: VersionChannel;
  /** Whether this tab shares a record with others. */
  readonly isShared: boolean;
  /** Requests the version that this tab missed once more. */
  requestMissed(): Promise<unknown>;
}

/**
 * One turn of one tab: no other tab of this client has one at the same time, but for an urgent one (a sign-out), which passes
 * a turn that takes long. A turn that was passed, or that took too long, changes nothing any more.
 */
export class Turn {
  /** Whether a user was signed in when a tab of this client last recorded it; undefined if this cannot be known. */
  readonly wasSignedIn: boolean | undefined;
  readonly #context: TurnContext;
  readonly #knowsRefreshes: boolean;
  readonly #start: TabsRecord;
  readonly #end: AbortSignal;
  /** The latest generation that this turn has seen or made. A later one in this tab means that this turn was passed. */
  #latest: number;
  #next: number;

  /** @param end aborts when the turn has taken too long */
  constructor(context: TurnContext, start: TurnStart, isUrgent: boolean, end: AbortSignal) {
    this.#context = context;
    this.#start = { generation: start.generation, isSignedIn: start.isSignedIn };
    this.wasSignedIn = start.wasSignedIn;
    this.#knowsRefreshes = start.knowsRefreshes;
    this.#end = end;
    this.#latest = Math.max(start.generation, context.versions.current.generation);
    this.#next = nextGeneration(this.#latest, Date.now(), isUrgent);
  }

  /** Requests the session from other tabs once more, if none has sent it in time. */
  requestAgain(): Promise<unknown> {
    return this.#context.requestMissed();
  }

  /**
   * Records that this tab is about to use the refresh token: whatever becomes of this tab, no other uses it as well. False if
   * that cannot be made sure of; then the refresh token must not be used.
   */
  async claimRefresh(): Promise<boolean> {
    if (!this.#knowsRefreshes || this.#isPassed()) return false;
    const isRecorded = await this.#record({ generation: this.#next, isSignedIn: true });
    return isRecorded ?? this.#context.versions.current.source === "unrecorded";
  }

  /** Replaces the session in all tabs. False if another turn has replaced it meanwhile, or this turn is over. */
  async replaceSession(session: ClientSession | null, isSignOut = false): Promise<boolean> {
    if (this.#isPassed()) return false;
    const isRecorded = await this.#record({ generation: this.#next, isSignedIn: session !== null });
    if (isRecorded === false || this.#isPassed()) return false;
    this.#latest = this.#next++;
    const { versions, purpose } = this.#context;
    const version = {
      generation: this.#latest,
      purpose,
      source: isRecorded ? "recorded" : "unrecorded",
    } as const;
    versions.replace(session ? { ...version, session } : { ...version, session, isSignOut });
    // A session that is not recorded stays in this tab, or two tabs could use its refresh token; its end is safe to send.
    if (isRecorded || !session) versions.send();
    return true;
  }

  /** Records that no user is signed in, so that new tabs do not ask the provider. Tabs that hold a session keep it. */
  async recordNoSession(): Promise<void> {
    await this.#record({ ...this.#start, isSignedIn: false });
  }

  /** Rejects with `provider_unreachable` when the turn has taken too long. */
  timeOut(): Promise<never> {
    return new Promise((_resolve, reject) => {
      this.#end.onabort = () => reject(new ExchangeError("provider_unreachable", { cause: "too slow" }));
    });
  }

  #isPassed(): boolean {
    return this.#end.aborted || this.#context.versions.current.generation > this.#latest;
  }

  /** False if the record is later already; undefined if nothing can be recorded. */
  async #record(record: TabsRecord): Promise<boolean | undefined> {
    if (!this.#context.isShared || this.#end.aborted) return undefined;
    try {
      return await writeRecord(this.#context.name, record);
    } catch {
      return undefined;
    }
  }
}
