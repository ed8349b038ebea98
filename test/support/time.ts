import { cryptoIsIdle } from "./pending-crypto.js";

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
    /** Lets this time pass, and ends the sleeps that end within it. Cryptography takes none of it, however busy the machine is. */
    async pass(milliseconds: number): Promise<void> {
      const until = now + milliseconds;
      for (;;) {
        await cryptoIsIdle();
        wakings.sort((left, right) => left.at - right.at);
        const [next] = wakings;
        if (!next || next.at > until) break;
        wakings.shift();
        now = Math.max(now, next.at);
        next.wake();
      }
      now = until;
      await cryptoIsIdle();
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
