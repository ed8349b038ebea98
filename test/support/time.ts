/** A clock that a test moves on, and whose `sleep` waits for it, so that waiting takes no real time. */
export function createTime() {
  let now = 1_000_000;
  let set = 0;
  const wakings: Array<{ at: number; wake(): void }> = [];
  return {
    now: () => now + set,
    /** Sets the clock ahead, without an effect on the sleeps. */
    set(milliseconds: number) {
      set += milliseconds;
    },
    sleep: (milliseconds: number) =>
      new Promise<void>((wake) => {
        wakings.push({ at: now + milliseconds, wake });
      }),
    /** Lets this time pass, and ends the sleeps that end within it. */
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

/** The timers of a store by such a clock. */
export const timersOf = ({ sleep }: Pick<ReturnType<typeof createTime>, "sleep">) => ({
  sleep,
  after(milliseconds: number, task: () => void) {
    let isCancelled = false;
    void sleep(milliseconds).then(() => isCancelled || task());
    return () => {
      isCancelled = true;
    };
  },
});

/** Lets time pass in small steps, with a moment of real time after each: real cryptography takes some. */
export async function passSlowly({ pass }: Pick<ReturnType<typeof createTime>, "pass">, milliseconds: number) {
  for (let left = milliseconds; left > 0; left -= 20) {
    await pass(Math.min(left, 20));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** A promise that never settles, like that of a cancelled request. */
export const never = () => new Promise<never>(() => {});

/** The value or the error of a promise, when it has settled. */
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
