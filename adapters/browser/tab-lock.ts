/** Milliseconds that an urgent turn waits for the one before it. */
const URGENT_WAIT = 1_000;

/** Runs a turn, which learns whether this tab takes turns with other tabs. */
export type TabLock = <T>(turn: (isShared: boolean) => Promise<T>, isUrgent: boolean) => Promise<T>;

/**
 * Runs the turns of one client one after the other: over all its tabs by a Web Lock, or, where this page may have none, in
 * this tab alone. An urgent turn waits {@link URGENT_WAIT} at most, and any turn `limit` milliseconds, for a tab that is frozen
 * may hold its lock for ever.
 *
 * @param hasChannel without a channel to other tabs, a lock would be of no use
 */
export function createTabLock(name: string, limit: number, hasChannel: boolean): TabLock {
  let locks = hasChannel ? (navigator as { locks?: LockManager }).locks : undefined;
  /** The last turn of this tab, where it has no lock. */
  let last: Promise<unknown> = Promise.resolve();

  return async (turn, isUrgent) => {
    if (locks) {
      const signal = AbortSignal.timeout(isUrgent ? URGENT_WAIT : limit);
      let isBegun = false;
      const begin = () => {
        isBegun = true;
        return turn(true);
      };
      try {
        return await locks.request(name, { signal }, begin);
      } catch (error) {
        if (isBegun) throw error;
        // Runs beside the turn that it waited for: that one's generation is lower, so that it can record nothing any more.
        if (signal.aborted) return begin();
        // The browser refuses this page the lock (for example a page whose origin is opaque).
        locks = undefined;
      }
    }
    const wait = isUrgent ? Promise.race([last, new Promise((done) => setTimeout(done, URGENT_WAIT))]) : last;
    const result = wait.then(() => turn(false));
    last = Promise.allSettled([last, result]);
    return result;
  };
}
