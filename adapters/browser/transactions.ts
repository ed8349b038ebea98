import { ExchangeError } from "../../core/errors.js";
import type { Transaction } from "../../core/exchange/types.js";
import type { Settings } from "./settings.js";

/** The key of a transaction is this prefix and its `state`. In `sessionStorage` it outlives the page, and no other tab sees it. */
const PREFIX = "latchkey.tx.";
/** The most transactions of one client that a tab stores; the oldest are removed. */
const MAX_PER_CLIENT = 8;
/** The most transactions of all clients together. */
const MAX_STORED = 32;

/** A transaction in `sessionStorage`, with the `clientKey` of the client that began it. */
type StoredTransaction = Transaction & Pick<Settings, "clientKey">;

/** The transaction at a key; empty if the text there is no JSON. Any script of this origin can write there. */
function transactionAt(key: string): Partial<StoredTransaction> {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? "") ?? {};
  } catch {
    // No transaction, no JSON, or a browser that refuses storage to this page.
    return {};
  }
}

/**
 * The transaction with this state, if a client with this key began it. Several clients may share a page, and a client that
 * redeemed the code of another client would send code and PKCE verifier to the wrong provider (RFC 9700 4.4).
 */
export function findTransaction(state: string, clientKey: string): Transaction | undefined {
  const transaction = transactionAt(PREFIX + state);
  const isOwn = transaction.state === state && transaction.clientKey === clientKey;
  return isOwn ? (transaction as StoredTransaction) : undefined;
}

/** @throws ExchangeError `no_transaction` if the browser lets this page store nothing */
export function storeTransaction(transaction: Transaction, clientKey: string): void {
  const startedAt = (key: string) => transactionAt(key).startedAt ?? 0;
  try {
    const keys = Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX));
    keys.sort((one, other) => startedAt(other) - startedAt(one));
    const ownKeys = keys.filter((key) => transactionAt(key).clientKey === clientKey);
    for (const key of [...ownKeys.slice(MAX_PER_CLIENT - 1), ...keys.slice(MAX_STORED - 1)])
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
    // A browser that refuses storage to this page stored no transaction either.
  }
}

/** The key of the times at which this tab went to the provider without the user. */
const LEFT = "latchkey.left";
/** The most such times within {@link LEAVE_PERIOD}: an app that reloads its page after each return must not loop. */
const MAX_LEAVES = 3;
/** Milliseconds. */
const LEAVE_PERIOD = 30_000;

/** The last times at which this tab went to the provider without the user; none if the browser refuses storage to this page. */
function leaves(): readonly string[] {
  try {
    return (sessionStorage.getItem(LEFT) ?? "").split(" ").slice(-MAX_LEAVES);
  } catch {
    return [];
  }
}

/** The last of these times; 0 or NaN if there is none. */
export const lastLeave = (): number => Number(leaves().at(-1));

/** Whether this tab may go to the provider without the user now; then stores the time. False if it would loop or cannot store. */
export function recordLeave(now: number): boolean {
  const times = leaves();
  try {
    if (Math.abs(now - Number(times.at(-MAX_LEAVES))) < LEAVE_PERIOD) return false;
    sessionStorage.setItem(LEFT, [...times, now].join(" "));
    return true;
  } catch {
    return false;
  }
}
