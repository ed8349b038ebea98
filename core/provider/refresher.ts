import { ExchangeError } from "../errors.js";
import { addEntry, isUnsent, liveEntry, type RefreshEntries, type RefreshEntry } from "./refresh-entries.js";
import { doShared, type Outcome, outcomeOf, SLACK, type WaitPorts } from "./shared-work.js";

/*
 * Theory of operation. A provider that rotates refresh tokens accepts each of them once, and may revoke the grant when it sees
 * one again. So one request of this process spends a refresh token, and the others that have the same token share the outcome:
 * 1. A request that finds no entry for its refresh token adds one, prepares the token request, and sends it if the entry is
 *    still its own. It marks the entry as sent in the same step, so that the entry's time-out and the request's begin together.
 * 2. A request that finds an entry whose token request was not sent prepares a token request too. If the entry still is not sent
 *    when that is done, its request was cancelled or is slower: this request takes its place, and the slower one notices before
 *    it would send.
 * 3. A request that finds an entry whose token request was sent waits for the outcome, with a timer of its own. An entry without
 *    an outcome after its time-out belongs to a cancelled request. The next request then spends the token again: whether the
 *    provider has seen the token is unknown, and without another try the session could never be refreshed.
 * 4. The outcome serves for 30 s: the browser may have sent further requests with the old cookies. A request that answers a
 *    browser holds the outcome until its response is sent, for an hour at most: till then this process has the only copy of the
 *    new refresh token. The 30 s begin anew when the response is sent. If another request has spent the new token by then (two
 *    audiences refreshed at once), the outcome of that use is held anew, because the browser may not have its refresh token.
 * 5. An error reaches the requests that waited for it, and no later one.
 */

/** Milliseconds that a request waits for a second use, after it has waited for a first one in vain. */
const GRACE = 800;

/** The result of a refresh has the refresh token that replaces the spent one. */
export interface WithRefreshToken {
  readonly refreshToken: string;
}

/** What the requests of a process share. */
export interface RefreshPool<Result> extends WaitPorts {
  readonly entries: RefreshEntries<Result>;
  /** Milliseconds that `spend` takes at most. */
  readonly timeout: number;
}

/** A request that wants a refresh token spent. */
export interface TokenUse<Result extends WithRefreshToken> {
  readonly refreshToken: string;
  /** The audience and scope: a result serves only requests for the same. */
  readonly purpose: string;
  /** The request has this result already and wants another, or the result's access token has expired. */
  isUseless(result: Result): boolean;
  /** Does all that must be done before the refresh token may be spent. */
  prepare(): Promise<Spend<Result>>;
}

/** Sends the token request at once: its time-out begins with the call. */
type Spend<Result> = (refreshToken: string) => Promise<Result>;

/** The result of a use. */
export interface SharedResult<Result> {
  readonly result: Result;
  /** Keeps the result for later requests. Returns the function to call when a response with the result was sent. */
  hold(): () => void;
}

/** The error of a request that another request replaced before it sent its token request (2. above). */
const REPLACED = Symbol("replaced");

/** Spends each refresh token once in this process, as the theory of operation says. */
export async function refreshOnce<Result extends WithRefreshToken>(
  pool: RefreshPool<Result>,
  use: TokenUse<Result>,
): Promise<SharedResult<Result>> {
  const { entries } = pool;
  const { purpose } = use;
  let token = use.refreshToken;
  let spend: Spend<Result> | undefined;
  let hasWaited = false;
  for (;;) {
    const other = liveEntry(entries, token, pool.now());
    if (other && isUnsent(other)) {
      spend ??= await use.prepare();
      if (isUnsent(other) && entries.get(token) === other) entries.delete(token);
      if (isUnsent(other)) continue;
    }
    const entry: RefreshEntry<Result> = other ?? { purpose, startedAt: pool.now(), timeout: pool.timeout };
    const outcome = other
      ? (other.outcome ?? (await outcomeOf(other, pool, hasWaited ? GRACE : other.timeout + SLACK)))
      : await spendAs(pool, { entry, token, use, spend });
    spend = undefined;
    if (!outcome) {
      if (hasWaited)
        throw new ExchangeError("provider_unreachable", {
          cause: "another request is refreshing this session and did not finish",
        });
      // The first request that stops waiting spends the token; the others wait for that request.
      if (entries.get(token) === entry) entries.delete(token);
      hasWaited = true;
      continue;
    }
    if ("error" in outcome && outcome.error === REPLACED) continue;
    const result = resultOf(outcome, entry.purpose === purpose);
    if (result && entry.purpose === purpose && !(other && use.isUseless(result)))
      return sharedResult(pool, entry, result);
    // The result is for another purpose, is in the session already, or has expired: go on with the refresh token in it, which
    // is the same one where the provider does not rotate.
    if (result && result.refreshToken !== token) token = result.refreshToken;
    else if (entries.get(token) === entry) entries.delete(token);
  }
}

/** A refresh token that the request of `entry` spends. */
interface Attempt<Result extends WithRefreshToken> {
  readonly entry: RefreshEntry<Result>;
  readonly token: string;
  readonly use: TokenUse<Result>;
  /** What the request prepared already. */
  readonly spend: Spend<Result> | undefined;
}

/** Adds the entry and spends the token. The outcome has the error. */
async function spendAs<Result extends WithRefreshToken>(
  pool: RefreshPool<Result>,
  { entry, token, use, spend }: Attempt<Result>,
): Promise<Outcome<Result> | undefined> {
  const { entries } = pool;
  const ownsEntry = () => entries.get(token) === entry;
  const send = (prepared: Spend<Result>) => {
    if (!ownsEntry()) throw REPLACED;
    entry.isSent = true;
    return prepared(token);
  };
  addEntry(entries, token, entry, pool.now());
  try {
    await doShared(entry, pool, () => (spend ? send(spend) : use.prepare().then(send)));
    entry.servesSince = pool.now();
  } catch {
    // `doShared` has written the error to the outcome.
    if (ownsEntry()) entries.delete(token);
  }
  return entry.outcome;
}

/** The result of an entry for one request, with the hold of 4. above. */
const sharedResult = <Result extends WithRefreshToken>(
  { entries, now }: RefreshPool<Result>,
  entry: RefreshEntry<Result>,
  result: Result,
): SharedResult<Result> => ({
  result,
  hold() {
    // Not again after a release: the browser has the result.
    entry.isHeld ??= true;
    return () => {
      if (entry.isHeld) entry.servesSince = now();
      entry.isHeld = false;
      const next = entries.get(result.refreshToken);
      if (next && next !== entry) next.isHeld = true;
    };
  },
});

/** The result of an outcome; undefined when a use for another purpose failed in a way that may pass. @throws its error */
function resultOf<Result>(outcome: Outcome<Result>, isSamePurpose: boolean): Result | undefined {
  if ("value" in outcome) return outcome.value;
  const { error } = outcome;
  if (isSamePurpose || !(error instanceof ExchangeError) || error.code === "grant_ended") throw error;
  return undefined;
}
