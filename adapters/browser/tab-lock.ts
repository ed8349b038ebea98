/** Milliseconds that an urgent turn waits for the turn before it. */
const URGENT_WAIT = 1_000;

/** Runs a turn when it may begin. `isShared`: this tab takes turns with other tabs. */
export type TabLock = <T>(turn: (isShared: boolean) => Promise<T>, isUrgent: boolean) => Promise<T>;

/**
 * Runs the turns of one client one after the other. A Web Lock orders the turns of all tabs. If this page can have no lock, a
 * promise orders the turns of this tab.
 *
 * @param limit milliseconds that a turn waits for the lock, which a frozen tab may never release; an urgent turn waits
 * {@link URGENT_WAIT}
 * @param hasChannel false if this page has no channel to other tabs: then it needs no lock either
 */
export function createTabLock(name: string, limit: number, hasChannel: boolean): TabLock {
  let locks = hasChannel ? (navigator as { locks?: LockManager }).locks : undefined;
  /** Settles when the last turn of this tab has ended. Used only without a lock. */
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
        // Runs beside the turn that holds the lock, which can change nothing once this turn has written its later generation.
        if (signal.aborted) return begin();
        // The browser refuses the lock to this page (for example because its origin is opaque).
        locks = undefined;
      }
    }
    const wait = isUrgent ? Promise.race([last, new Promise((done) => setTimeout(done, URGENT_WAIT))]) : last;
    const result = wait.then(() => turn(false));
    last = Promise.allSettled([last, result]);
    return result;
  };
}
