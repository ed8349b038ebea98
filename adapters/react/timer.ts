/**
 * Calls `callback` once the clock `now` shows `time`, both in milliseconds since the epoch, unless the returned function is
 * called before.
 */
export function at(time: number, now: () => number, callback: () => void): () => void {
  /** `setTimeout` takes a longer delay for none. */
  const MAX_DELAY = 2 ** 31 - 1;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const wait = () => {
    const left = Math.max(0, time - now());
    timer = setTimeout(() => (left > MAX_DELAY ? wait() : callback()), Math.min(left, MAX_DELAY));
  };
  if (time < Infinity) wait();
  return () => clearTimeout(timer);
}
