import type { Transaction } from "../../core/exchange/types.js";
import type { Settings } from "./settings.js";

/** Sign-ins in progress in this tab, each under its state: they outlive the page that began them, and no tab but this one has them. */
const PREFIX = "latchkey.tx.";
/** Sign-ins of one client that a tab keeps at most: the oldest are abandoned. */
const MAX_KEPT = 8;
/** Sign-ins of all clients together that a tab keeps at most. */
const MAX_STORED = 32;

/** A transaction in `sessionStorage`, with the `clientKey` of the client that began it. */
type StoredTransaction = Transaction & Pick<Settings, "clientKey">;

/** Empty for text that is not a record: any script of this origin can write to `sessionStorage`. */
function recordAt(key: string): Partial<StoredTransaction> {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? "") ?? {};
  } catch {
    // No record, no JSON, or a browser that lets this page read nothing.
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

/** @throws DOMException when the browser lets this page store nothing */
export function keepTransaction(transaction: Transaction, clientKey: string): void {
  const startedAt = (key: string) => recordAt(key).startedAt ?? 0;
  const stored = Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX));
  stored.sort((one, other) => startedAt(other) - startedAt(one));
  const own = stored.filter((key) => recordAt(key).clientKey === clientKey);
  for (const key of [...own.slice(MAX_KEPT - 1), ...stored.slice(MAX_STORED - 1)]) sessionStorage.removeItem(key);
  sessionStorage.setItem(PREFIX + transaction.state, JSON.stringify({ ...transaction, clientKey }));
}

export function dropTransaction(state: string): void {
  try {
    sessionStorage.removeItem(PREFIX + state);
  } catch {
    // No storage: nothing was kept.
  }
}

/** Times at which this tab left by itself. */
const LEFT = "latchkey.left";
/** Milliseconds in which it does so a few times at most: where an app loads its page anew after each return, it ends there. */
const ROUND = 30_000;
const ROUNDS = 3;

/** Notes that this tab leaves without anybody having asked for it; false where it would go in circles, or could not come back. */
export function mayLeave(now: number): boolean {
  try {
    const times = (sessionStorage.getItem(LEFT) ?? "").split(" ").slice(-ROUNDS);
    // The third before this one, if there is one.
    if (Math.abs(now - Number(times.at(-ROUNDS))) < ROUND) return false;
    sessionStorage.setItem(LEFT, [...times, now].join(" "));
    return true;
  } catch {
    return false;
  }
}
