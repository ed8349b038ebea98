/** A clock whose `sleep` moves it on: what waits takes no time of the test. */
export function createTime() {
  let now = 1_000_000;
  let set = 0;
  const wakings: Array<{ at: number; wake(): void }> = [];
  return {
    now: () => now + set,
    /** Sets the clock ahead; what waits does not notice. */
    set(milliseconds: number) {
      set += milliseconds;
    },
    sleep: (milliseconds: number) =>
      new Promise<void>((wake) => {
        wakings.push({ at: now + milliseconds, wake });
      }),
    /** Lets so much time pass, with all that happens in it. */
    async pass(milliseconds: number): Promise<void> {
      const until = now + milliseconds;
      for (;;) {
        await new Promise((resolve) => setImmediate(resolve));
        wakings.sort((left, right) => left.at - right.at);
        const [next] = wakings;
        if (!next || next.at > until) break;
        wakings.shift();
        now = Math.max(now, next.at);
        next.wake();
      }
      now = until;
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

/** A promise of a request that was cancelled. */
export const never = () => new Promise<never>(() => {});

/** What became of a promise by now. */
export function watch<T>(promise: Promise<T>) {
  const watched: { value?: T; error?: unknown } = {};
  promise.then(
    (value) => {
      watched.value = value;
    },
    (error) => {
      watched.error = error;
    },
  );
  return watched;
}
