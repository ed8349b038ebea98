import { ExchangeError } from "../errors.js";
import { doShared, outcomeOf, type SharedWork, type WaitPorts } from "./shared-work.js";

/**
 * Theory of operation. A provider that rotates refresh tokens takes each of them once, and may revoke the grant when it sees
 * one again. So a refresh token is spent by one request of this process, and the others that hold it share the outcome:
 * 1. A request finds no entry for its refresh token: it makes one, before it waits for anything, and spends the token.
 * 2. A request that finds an entry waits for its outcome, by a timer of its own. The token request takes `timeout` at most;
 *    an entry without an outcome after that belongs to a request that was cancelled. Then the next request spends the token:
 *    whether the provider has seen it is unknown, and without a try the session could never be renewed again.
 * 3. The outcome serves for `REPLAY`: the browser may have sent further requests with the old cookies. A request that answers a
 *    browser holds the outcome until its response is sent, for `UNSENT` at most: till then this process has the only copy of
 *    the new refresh token. `REPLAY` begins anew then.
 * 4. A failure is told to the requests that waited for it, and to no later one.
 */

/** Milliseconds for which requests that still hold the old refresh token get the outcome of its use. */
const REPLAY = 30_000;
/** The same for an outcome that no response has carried to the browser yet. */
const UNSENT = 3_600_000;
/** Milliseconds beyond the longest token request, in which its outcome arrives. */
const SLACK = 200;
/** Milliseconds that a request waits for a second use, after it has waited for a first one in vain. */
const GRACE = 700;

/** What came of a refresh: something, and the refresh token to go on with. */
export interface Refreshed {
  readonly refreshToken: string;
}

/** A refresh token that was used, or is being used. */
export interface Entry<Result> extends SharedWork<Result> {
  /** Which audience and scope it was used for. */
  readonly purpose: string;
  /** When the token endpoint answered, or when a response that carries the answer was sent. Milliseconds since the epoch. */
  servesSince?: number;
  /** No response that carries the outcome was sent yet. */
  isHeld?: boolean;
}

/** One use of a refresh token that is asked for. */
export interface Use<Result extends Refreshed> {
  readonly refreshToken: string;
  /** Which audience and scope it is for: a result serves only others of the same. */
  readonly purpose: string;
  /** The request has this result already and wants another, or the result's access token is over. */
  isOfNoUse(result: Result): boolean;
  /** Whatever must be there before a refresh token may be spent. */
  prepare(): Promise<unknown>;
  spend(refreshToken: string): Promise<Result>;
}

/** The result of a use. */
export interface SharedResult<Result> {
  readonly result: Result;
  /** Keeps the result for later requests until what is returned is called: when a response that carries it was sent. */
  hold(): () => void;
}

/**
 * Spends each refresh token once in this process: see above. Keyed by the token itself: nothing else tells two users apart
 * (S11). `timeout`: milliseconds that `spend` takes at most.
 */
export async function refreshOnce<Result extends Refreshed>(
  entries: Map<string, Entry<Result>>,
  ports: WaitPorts,
  timeout: number,
  { refreshToken, purpose, isOfNoUse, prepare, spend }: Use<Result>,
): Promise<SharedResult<Result>> {
  const share = (entry: Entry<Result>, result: Result): SharedResult<Result> => ({
    result,
    hold() {
      entry.isHeld ??= true;
      return () => {
        if (!entry.isHeld) return;
        entry.isHeld = false;
        entry.servesSince = ports.now();
      };
    },
  });
  let token = refreshToken;
  let isPrepared = false;
  let limit = timeout + SLACK;
  for (;;) {
    const entry = live(entries, token, ports.now());
    if (!entry && isPrepared) break;
    if (!entry) {
      await prepare();
      isPrepared = true;
      continue;
    }
    const outcome = await outcomeOf(entry, ports, limit);
    if (!outcome) {
      const isNewer = limit === GRACE;
      if (isNewer) throw new ExchangeError("provider_unreachable", { cause: "another request refreshes this session" });
      // The first request that gives up spends the token; those beside it wait for that request.
      if (entries.get(token) === entry) entries.delete(token);
      limit = GRACE;
      continue;
    }
    const result = resultOf(outcome, entry.purpose === purpose);
    if (result && entry.purpose === purpose && !isOfNoUse(result)) return share(entry, result);
    // Used for something else, too early or too long ago: on to its successor. A provider that does not rotate gives the same again.
    if (result && result.refreshToken !== token) token = result.refreshToken;
    else if (entries.get(token) === entry) entries.delete(token);
  }
  const entry: Entry<Result> = { purpose, startedAt: ports.now() };
  remember(entries, token, entry, ports.now());
  try {
    const result = await doShared(entry, ports, () => spend(token));
    entry.servesSince = ports.now();
    return share(entry, result);
  } catch (error) {
    if (entries.get(token) === entry) entries.delete(token);
    throw error;
  }
}

/** The result of a use; undefined when a use for another purpose failed for now. */
function resultOf<Result>(outcome: NonNullable<Entry<Result>["outcome"]>, isSamePurpose: boolean): Result | undefined {
  if ("value" in outcome) return outcome.value;
  const { error } = outcome;
  if (isSamePurpose || !(error instanceof ExchangeError) || error.code === "grant_ended") throw error;
  return undefined;
}

const isOver = ({ startedAt, servesSince, isHeld }: Entry<unknown>, now: number): boolean =>
  servesSince === undefined || isHeld ? now - startedAt > UNSENT : now - servesSince > REPLAY;

function live<Result>(entries: Map<string, Entry<Result>>, token: string, now: number): Entry<Result> | undefined {
  const entry = entries.get(token);
  if (entry && isOver(entry, now)) entries.delete(token);
  return entries.get(token);
}

/** Entries are in the order of their making: of the oldest, those that are over go, and the first where room is needed. */
function remember<Result>(entries: Map<string, Entry<Result>>, token: string, entry: Entry<Result>, now: number): void {
  /** Most refresh tokens that are remembered at once. */
  const MAX_ENTRIES = 10_000;
  /** Entries that are looked at for each that is added: more than one, so that the map shrinks. */
  const LOOKED_AT = 16;
  let looks = LOOKED_AT;
  for (const [old, candidate] of entries) {
    if (isOver(candidate, now) || entries.size >= MAX_ENTRIES) entries.delete(old);
    if (--looks === 0) break;
  }
  entries.set(token, entry);
}
