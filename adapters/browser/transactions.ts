import type { Transaction } from "../../core/exchange/machine.js";

/** Sign-ins in progress in this tab, each under its state: they outlive the page that began them, and no tab but this one has them. */
const PREFIX = "latchkey.tx.";
/** Sign-ins that a tab keeps at most: the oldest are abandoned. */
const MAX_KEPT = 8;

export function findTransaction(state: string): Transaction | undefined {
  try {
    const found = JSON.parse(sessionStorage.getItem(PREFIX + state) ?? "") as Transaction;
    return found.state === state ? found : undefined;
  } catch {
    // None, or no storage to look into.
    return undefined;
  }
}

/** @throws DOMException when the browser lets this page store nothing */
export function keepTransaction(transaction: Transaction): void {
  const startedAt = (key: string) => findTransaction(key.slice(PREFIX.length))?.startedAt ?? 0;
  const kept = Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX));
  kept.sort((one, other) => startedAt(other) - startedAt(one));
  for (const key of kept.slice(MAX_KEPT - 1)) sessionStorage.removeItem(key);
  sessionStorage.setItem(PREFIX + transaction.state, JSON.stringify(transaction));
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
