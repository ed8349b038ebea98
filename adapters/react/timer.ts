/**
 * Calls `callback` when the clock `now` reaches `time`, both in milliseconds since the epoch, unless the returned function is
 * called before.
 */
export function callAt(time: number, now: () => number, callback: () => void): () => void {
  /** `setTimeout` treats a longer delay as 0. */
  const MAX_DELAY = 2 ** 31 - 1;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const wait = () => {
    const left = Math.max(0, time - now());
    timer = setTimeout(() => (left > MAX_DELAY ? wait() : callback()), Math.min(left, MAX_DELAY));
  };
  if (time < Infinity) wait();
  return () => clearTimeout(timer);
}
