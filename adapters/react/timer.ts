/** Calls `act` once the clock shows `time`, in milliseconds since the epoch, unless what is returned is called before. */
export function at(time: number, now: () => number, act: () => void): () => void {
  /** Longer delays overflow, and would be none. */
  const MAX_DELAY = 2 ** 31 - 1;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const wait = () => {
    const left = Math.max(0, time - now());
    timer = setTimeout(() => (left > MAX_DELAY ? wait() : act()), Math.min(left, MAX_DELAY));
  };
  if (time < Infinity) wait();
  return () => clearTimeout(timer);
}
