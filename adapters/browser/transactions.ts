import { ExchangeError } from "../../core/errors.js";
import type { Transaction } from "../../core/exchange/types.js";
import type { Settings } from "./settings.js";

/** The prefix of the keys of sign-ins in progress, by `state`. In `sessionStorage` they outlive the page, and no other tab sees them. */
const PREFIX = "latchkey.tx.";
/** How many sign-ins of one client a tab stores: the oldest are removed. */
const MAX_PER_CLIENT = 8;
/** How many sign-ins of all clients together a tab stores. */
const MAX_STORED = 32;

/** A transaction in `sessionStorage`, with the `clientKey` of the client that began it. */
type StoredTransaction = Transaction & Pick<Settings, "clientKey">;

/** The record of a key; empty for any other text, which any script of this origin can write. */
function recordAt(key: string): Partial<StoredTransaction> {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? "") ?? {};
  } catch {
    // No record, no JSON, or a browser that refuses storage to this page.
    return {};
  }
}

/**
 * The transaction with this state, if the client with this key began it. Several clients may share a page; a client that
 * redeemed the code of another would send it, with the PKCE verifier, to the wrong provider (RFC 9700 4.4).
 */
export function findTransaction(state: string, clientKey: string): Transaction | undefined {
  const record = recordAt(PREFIX + state);
  return record.state === state && record.clientKey === clientKey ? (record as StoredTransaction) : undefined;
}

/** @throws ExchangeError `no_transaction` if the browser lets this page store nothing */
export function storeTransaction(transaction: Transaction, clientKey: string): void {
  const startedAt = (key: string) => recordAt(key).startedAt ?? 0;
  try {
    const stored = Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX));
    stored.sort((one, other) => startedAt(other) - startedAt(one));
    const own = stored.filter((key) => recordAt(key).clientKey === clientKey);
    for (const key of [...own.slice(MAX_PER_CLIENT - 1), ...stored.slice(MAX_STORED - 1)])
      sessionStorage.removeItem(key);
    sessionStorage.setItem(PREFIX + transaction.state, JSON.stringify({ ...transaction, clientKey }));
  } catch (cause) {
    throw new ExchangeError("no_transaction", { cause });
  }
}

export function removeTransaction(state: string): void {
  try {
    sessionStorage.removeItem(PREFIX + state);
  } catch {
    // No storage: no record either.
  }
}

/** The key of the times at which this tab left by itself. */
const LEFT = "latchkey.left";
/** A tab leaves by itself so many times within so many milliseconds: an app that reloads its page after each return must not loop. */
const MAX_LEAVES = 3;
const LEAVE_PERIOD = 30_000;

/** Records that this tab leaves by itself; false if it must not, because it would loop or could not record it. */
export function mayLeave(now: number): boolean {
  try {
    const times = (sessionStorage.getItem(LEFT) ?? "").split(" ").slice(-MAX_LEAVES);
    if (Math.abs(now - Number(times.at(-MAX_LEAVES))) < LEAVE_PERIOD) return false;
    sessionStorage.setItem(LEFT, [...times, now].join(" "));
    return true;
  } catch {
    return false;
  }
}
