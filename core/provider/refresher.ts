import { ExchangeError } from "../errors.js";
import type { Spend, Spending, WithRefreshToken } from "../store/spending.js";
import { addEntry, isUnsent, liveEntry, type RefreshEntries, type RefreshEntry } from "./refresh-entries.js";
import { doShared, type Outcome, outcomeOf, SLACK, type WaitPorts } from "./shared-work.js";

/*
 * Theory of operation. A provider that rotates refresh tokens accepts each of them once, and may revoke the grant when it sees
 * one again. So one request of this process spends a refresh token, and the other requests that have the same token share the
 * outcome. (With a store, so do the requests of other machines: core/store/refreshes.ts, which `spend` then calls.)
 *
 * State. The process has an entry for each refresh token that is or was spent (refresh-entries.ts): its outcome, once it has one.
 *
 * Order.
 * 1. A request that finds no entry for its refresh token adds one and prepares its token request. If the entry is still its own
 *    then, it marks the entry as sent and sends the token request, in one step: the time-out of both begins together.
 * 2. A request that finds an entry that is not sent prepares a token request too. If the entry is still not sent when that is done,
 *    the request of the entry is slow or was cancelled. This request then removes the entry and adds its own. The slow request
 *    finds that its entry is gone before it sends, and waits as well.
 * 3. A request that finds an entry that was sent waits for the outcome, with a timer of its own.
 * 4. An outcome serves later requests for 30 s: the browser may have sent them with its old cookies. A request that answers a
 *    browser holds the outcome until its response is sent, for an hour at most, because until then no browser has the new refresh
 *    token. The 30 s begin anew when the response is sent.
 * 5. The outcome may not serve a request: its access token is for another audience, is in the session already, or has expired. The
 *    request then goes on with the refresh token of the outcome, at 1.
 *
 * What can go wrong.
 * - An entry has no outcome after its time-out: its request was cancelled. The first request that stops waiting spends the token
 *   again, although the provider may have seen it: without another try the session could never be refreshed.
 * - Two requests at once need tokens for two audiences, so that the second spends the refresh token of the first outcome (5). If the
 *   response of the first reaches the browser last, the browser lacks the newest refresh token. So the release of the first
 *   outcome holds the second one again.
 * - The token request fails: the error reaches the requests that waited for it, and no later one.
 */

/** Milliseconds that a request waits for a second entry, after the first one had no outcome in time. */
const GRACE = 800;

/** The entries and the clock that the requests of a process share. */
export interface RefreshPool<Result> extends WaitPorts {
  readonly entries: RefreshEntries<Result>;
  /** Milliseconds that a token request takes at most. */
  readonly timeout: number;
}

/** The result of a refresh for one request. */
export interface SharedResult<Result> {
  readonly result: Result;
  /** The refresh tokens that led to the result, from that of the request on: the one in the result is newer than each of them. */
  readonly spent?: readonly string[];
  /** Keeps the result for later requests. Returns the function to call when a response with the result was sent. */
  hold(): () => void;
}

/** The error of a request whose entry another request removed before it was sent (2 in the theory of operation). */
const REPLACED = Symbol("replaced");

/** Spends each refresh token once in this process. The numbers are those of the theory of operation. */
export async function refreshOnce<Result extends WithRefreshToken>(
  pool: RefreshPool<Result>,
  spending: Spending<Result>,
): Promise<SharedResult<Result>> {
  const { entries } = pool;
  const { tokenKey } = spending;
  let token = spending.refreshToken;
  const spent = [token];
  /** Removes an entry, unless another one has taken its place. */
  const remove = (entry: RefreshEntry<Result>) => entries.get(token) === entry && entries.delete(token);
  let spend: Spend<Result> | undefined;
  let hasWaited = false;
  for (;;) {
    const other = liveEntry(entries, token, pool.now());
    if (other && isUnsent(other)) {
      // 2
      spend ??= await spending.prepare();
      if (isUnsent(other)) {
        remove(other);
        continue;
      }
    }
    const entry: RefreshEntry<Result> = other ?? { tokenKey, startedAt: pool.now(), timeout: pool.timeout };
    const outcome = other
      ? (other.outcome ?? (await outcomeOf(other, pool, hasWaited ? GRACE : other.timeout + SLACK))) // 3
      : await spendAs(pool, { entry, token, spending, spend, patience: hasWaited ? GRACE : pool.timeout }); // 1
    spend = undefined;
    if (!outcome) {
      if (hasWaited)
        throw new ExchangeError("provider_unreachable", {
          cause: "another request is refreshing this session and did not finish",
        });
      // The request of the entry was cancelled: without the entry, the next turn of the loop spends the token.
      remove(entry);
      hasWaited = true;
    } else if ("value" in outcome) {
      const { value } = outcome;
      // A request takes the result of its own token request as it is; another result may have to be replaced.
      if (entry.tokenKey === tokenKey && !((other || entry.isOthers) && spending.mustReplace(value)))
        return sharedResult(pool, entry, value, spent);
      // 5. A provider that does not rotate returns the same refresh token: without the entry, it is spent again.
      if (value.refreshToken === token) remove(entry);
      else {
        token = value.refreshToken;
        spent.push(token);
      }
    } else if (outcome.error !== REPLACED) {
      const { error } = outcome;
      // The failure of a request for another access token counts only if the grant has ended: this request may try for its own.
      if (entry.tokenKey === tokenKey || !(error instanceof ExchangeError) || error.code === "grant_ended") throw error;
      remove(entry);
    }
  }
}

/** A refresh token that the request of `entry` spends. */
interface Attempt<Result extends WithRefreshToken> {
  readonly entry: RefreshEntry<Result>;
  readonly token: string;
  readonly spending: Spending<Result>;
  /** The token request, if the request has prepared it already. */
  readonly spend: Spend<Result> | undefined;
  /** Milliseconds that the request waits for other machines. */
  readonly patience: number;
}

/** Adds the entry and spends the token. Does not throw: an error is in the outcome. */
async function spendAs<Result extends WithRefreshToken>(
  pool: RefreshPool<Result>,
  { entry, token, spending, spend, patience }: Attempt<Result>,
): Promise<Outcome<Result> | undefined> {
  const { entries } = pool;
  const ownsEntry = () => entries.get(token) === entry;
  addEntry(entries, token, entry, pool.now());
  try {
    await doShared(entry, pool, async () => {
      const send = spend ?? (await spending.prepare());
      if (!ownsEntry()) throw REPLACED;
      entry.isSent = true;
      // The entry says which access token it is for, and whose it is, before there is an outcome that a request could see.
      const result = await send(token, patience, (shared) => void Object.assign(entry, shared));
      entry.servesSince = pool.now();
      return result;
    });
  } catch {
    // `doShared` has written the error to the outcome.
    if (ownsEntry()) entries.delete(token);
  }
  return entry.outcome;
}

/** The result of an entry for one request, which may hold it (4 in the theory of operation). */
const sharedResult = <Result extends WithRefreshToken>(
  { entries, now }: RefreshPool<Result>,
  entry: RefreshEntry<Result>,
  result: Result,
  spent: readonly string[],
): SharedResult<Result> => ({
  result,
  spent,
  hold() {
    // Not again after a release: the browser has the result.
    entry.isHeld ??= true;
    return () => {
      if (entry.isHeld) {
        entry.servesSince = now();
        entry.release?.();
      }
      entry.isHeld = false;
      const next = entries.get(result.refreshToken);
      if (next && next !== entry) next.isHeld = true;
    };
  },
});
