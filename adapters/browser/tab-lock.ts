/** Milliseconds that an urgent turn waits for the one before it. */
const URGENT_WAIT = 1_000;

/**
 * Runs the turns of one client one after the other: over all its tabs by a Web Lock, or, where this page may have none, in
 * this tab alone. An urgent turn waits {@link URGENT_WAIT} at most, and any turn `limit` milliseconds, for a tab that is frozen
 * may hold its lock for ever.
 */
export class TabLock {
  readonly #name: string;
  readonly #limit: number;
  readonly #locks: LockManager | undefined;
  #isShared: boolean;
  /** The last turn of this tab, where it has no lock. */
  #last: Promise<unknown> = Promise.resolve();

  /** @param hasChannel without a channel to other tabs, a lock would be of no use */
  constructor(name: string, limit: number, hasChannel: boolean) {
    this.#name = name;
    this.#limit = limit;
    this.#locks = (navigator as { locks?: LockManager }).locks;
    this.#isShared = hasChannel && this.#locks !== undefined;
  }

  /** Whether this tab takes turns with other tabs. */
  get isShared(): boolean {
    return this.#isShared;
  }

  async run<T>(turn: () => Promise<T>, isUrgent: boolean): Promise<T> {
    if (!this.#isShared || !this.#locks) return this.#runInThisTab(turn, isUrgent);
    const signal = AbortSignal.timeout(isUrgent ? URGENT_WAIT : this.#limit);
    let isBegun = false;
    const begin = () => {
      isBegun = true;
      return turn();
    };
    try {
      return await this.#locks.request(this.#name, { signal }, begin);
    } catch (error) {
      if (isBegun) throw error;
      // Runs beside the turn that it waited for: that one's generation is lower, so that it can record nothing any more.
      if (signal.aborted) return begin();
      // The browser refuses this page the lock (for example a page whose origin is opaque).
      this.#isShared = false;
      return this.run(turn, isUrgent);
    }
  }

  #runInThisTab<T>(turn: () => Promise<T>, isUrgent: boolean): Promise<T> {
    const previous = this.#last;
    const wait = isUrgent ? Promise.race([previous, new Promise((done) => setTimeout(done, URGENT_WAIT))]) : previous;
    const result = wait.then(turn);
    this.#last = Promise.allSettled([previous, result]);
    return result;
  }
}
