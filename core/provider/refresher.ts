import { ExchangeError } from "../errors.js";
import { doShared, type Outcome, outcomeOf, type SharedWork, SLACK, type WaitPorts } from "./shared-work.js";

/**
 * Theory of operation. A provider that rotates refresh tokens takes each of them once, and may revoke the grant when it sees
 * one again. So a refresh token is spent by one request of this process, and the others that hold it share the outcome:
 * 1. A request that finds no entry for its refresh token makes one, prepares the token request, and sends it if the entry is
 *    still its own. The entry says that it was sent in the same step, so that its time and the request's begin together.
 * 2. A request that finds an entry whose token request was not sent prepares one of its own. When the entry still was not sent
 *    then, its request is gone or slower, and this request takes its place: the other one notices before it would send.
 * 3. A request that finds an entry whose token request was sent waits for the outcome, by a timer of its own. An entry without
 *    an outcome after its time-out belongs to a request that was cancelled. The next request spends the token then: whether
 *    the provider has seen it is unknown, and without a try the session could never be renewed again.
 * 4. The outcome serves for `REPLAY`: the browser may have sent further requests with the old cookies. A request that answers a
 *    browser holds the outcome until its response is sent, for `UNSENT` at most: till then this process has the only copy of
 *    the new refresh token. `REPLAY` begins anew then. When the token that was sent is itself spent by then, as where two
 *    audiences are refreshed at once, the outcome of that use is held anew: the browser may not have its refresh token.
 * 5. A failure is told to the requests that waited for it, and to no later one.
 */

/** Milliseconds for which requests that still hold the old refresh token get the outcome of its use. */
const REPLAY = 30_000;
/** The same for an outcome that no response has carried to the browser yet. */
const UNSENT = 3_600_000;
/** Milliseconds that a request waits for a second use, after it has waited for a first one in vain. */
const GRACE = 800;

/** The result of a refresh, with the refresh token that replaces the spent one. */
export interface Refreshed {
  readonly refreshToken: string;
}

/** A refresh token that was used, or is being used. */
export interface Entry<Result> extends SharedWork<Result> {
  /** Which audience and scope it was used for. */
  readonly purpose: string;
  /** The token request was sent, and has `timeout` from then on. */
  isSent?: boolean;
  /** When the token endpoint answered, or when a response that carries the answer was sent. Milliseconds since the epoch. */
  servesSince?: number;
  /** No response that carries the outcome was sent yet. */
  isHeld?: boolean;
}

/** One use of a refresh token that is asked for. */
export interface Use<Result extends Refreshed, Prepared> {
  readonly refreshToken: string;
  /** Which audience and scope it is for: a result serves only others of the same. */
  readonly purpose: string;
  /** The request has this result already and wants another, or the result's access token is over. */
  isOfNoUse(result: Result): boolean;
  /** Waits for whatever must be there before a refresh token may be spent. */
  prepare(): Promise<Prepared>;
  /** Sends the token request at once: its time begins with the call. */
  spend(refreshToken: string, prepared: Prepared): Promise<Result>;
}

/** The result of a use. */
export interface SharedResult<Result> {
  readonly result: Result;
  /** Keeps the result for later requests. Returns the function that releases it, for when a response with the result has left. */
  hold(): () => void;
}

/** The error of a request whose entry another request deleted before the token request was sent. */
const GIVEN_UP = Symbol("given up");

/**
 * Spends each refresh token once in this process: see above. Keyed by the token itself: nothing else tells two users apart
 * (S11). `timeout`: milliseconds that `spend` takes at most.
 */
export async function refreshOnce<Result extends Refreshed, Prepared>(
  entries: Map<string, Entry<Result>>,
  ports: WaitPorts,
  timeout: number,
  use: Use<Result, Prepared>,
): Promise<SharedResult<Result>> {
  const { refreshToken, purpose, isOfNoUse } = use;
  let token = refreshToken;
  let prepared: Ready<Prepared> | undefined;
  let hasWaited = false;
  for (;;) {
    const other = live(entries, token, ports.now());
    if (other && isWaiting(other)) {
      prepared ??= { value: await use.prepare() };
      if (isWaiting(other) && entries.get(token) === other) entries.delete(token);
      if (isWaiting(other)) continue;
    }
    const entry: Entry<Result> = other ?? { purpose, startedAt: ports.now(), timeout };
    const outcome = other
      ? (other.outcome ?? (await outcomeOf(other, ports, hasWaited ? GRACE : other.timeout + SLACK)))
      : await spendAs(entry, entries, token, ports, use, prepared);
    prepared = undefined;
    if (!outcome) {
      if (hasWaited)
        throw new ExchangeError("provider_unreachable", { cause: "another request refreshes this session" });
      // The first request that gives up spends the token; those beside it wait for that request.
      if (entries.get(token) === entry) entries.delete(token);
      hasWaited = true;
      continue;
    }
    if ("error" in outcome && outcome.error === GIVEN_UP) continue;
    const result = resultOf(outcome, entry.purpose === purpose);
    if (result && entry.purpose === purpose && !(other && isOfNoUse(result)))
      return sharedBy(entry, result, entries, ports);
    // The result has another purpose, is in the session already, or has expired: go on with the refresh token that it brought. A
    // provider that does not rotate gives the same one again.
    if (result && result.refreshToken !== token) token = result.refreshToken;
    else if (entries.get(token) === entry) entries.delete(token);
  }
}

/** Whatever `prepare` gave. */
interface Ready<Prepared> {
  readonly value: Prepared;
}

/** Whether the request of an entry has not sent its token request yet. */
const isWaiting = ({ isSent, outcome }: Entry<unknown>): boolean => !isSent && !outcome;

/** Spends the token as the request that makes the entry. */
async function spendAs<Result extends Refreshed, Prepared>(
  entry: Entry<Result>,
  entries: Map<string, Entry<Result>>,
  token: string,
  ports: WaitPorts,
  { prepare, spend }: Use<Result, Prepared>,
  prepared: Ready<Prepared> | undefined,
): Promise<Outcome<Result> | undefined> {
  const ownsEntry = () => entries.get(token) === entry;
  const send = (value: Prepared) => {
    if (!ownsEntry()) throw GIVEN_UP;
    entry.isSent = true;
    return spend(token, value);
  };
  remember(entries, token, entry, ports.now());
  try {
    await doShared(entry, ports, () => (prepared ? send(prepared.value) : prepare().then(send)));
    entry.servesSince = ports.now();
  } catch {
    // The outcome has the error.
    if (ownsEntry()) entries.delete(token);
  }
  return entry.outcome;
}

/** The result of an entry as a request gets it, with the hold of point 4 above. */
const sharedBy = <Result extends Refreshed>(
  entry: Entry<Result>,
  result: Result,
  entries: Map<string, Entry<Result>>,
  ports: WaitPorts,
): SharedResult<Result> => ({
  result,
  hold() {
    entry.isHeld ??= true;
    return () => {
      if (entry.isHeld) entry.servesSince = ports.now();
      entry.isHeld = false;
      const next = entries.get(result.refreshToken);
      if (next && next !== entry) next.isHeld = true;
    };
  },
});

/** The result of a use; undefined when a use for another purpose failed for now. */
function resultOf<Result>(outcome: Outcome<Result>, isSamePurpose: boolean): Result | undefined {
  if ("value" in outcome) return outcome.value;
  const { error } = outcome;
  if (isSamePurpose || !(error instanceof ExchangeError) || error.code === "grant_ended") throw error;
  return undefined;
}

/** An entry without an outcome is judged by those that wait for it: a clock may be set meanwhile. */
const isOver = ({ outcome, startedAt, servesSince = startedAt, isHeld }: Entry<unknown>, now: number): boolean =>
  outcome !== undefined && (isHeld ? now - startedAt > UNSENT : now - servesSince > REPLAY);

function live<Result>(entries: Map<string, Entry<Result>>, token: string, now: number): Entry<Result> | undefined {
  const entry = entries.get(token);
  if (entry && isOver(entry, now)) entries.delete(token);
  return entries.get(token);
}

/** Looks at the entries in turn, a few for each that is added: those that are over go, and the oldest where room is needed. */
function remember<Result>(entries: Map<string, Entry<Result>>, token: string, entry: Entry<Result>, now: number): void {
  /** Most refresh tokens that are remembered at once. */
  const MAX_ENTRIES = 10_000;
  /** More than one, so that the map shrinks. */
  const LOOKED_AT = 16;
  let oldest: Entry<Result> | undefined;
  let oldestToken = "";
  for (const [old, candidate] of [...firstOf(entries, LOOKED_AT)]) {
    entries.delete(old);
    if (isOver(candidate, now)) continue;
    // To the end of the order: the next call looks at others.
    entries.set(old, candidate);
    // One that is under way is never forgotten: its token would be spent again.
    if (candidate.outcome && candidate.startedAt < (oldest?.startedAt ?? Infinity))
      [oldest, oldestToken] = [candidate, old];
  }
  if (entries.size >= MAX_ENTRIES && oldest) entries.delete(oldestToken);
  entries.set(token, entry);
}

function* firstOf<Item>(items: Iterable<Item>, count: number): Iterable<Item> {
  let left = count;
  for (const item of items) {
    if (left-- <= 0) return;
    yield item;
  }
}
