/** The timers as they were at import: a test with fake timers must not stop requests that wait for each other. */
const realSetTimeout = setTimeout;
const realClearTimeout = clearTimeout;

/** Resolves after this many milliseconds, by a timer of the request that calls it. */
export const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => realSetTimeout(resolve, milliseconds));

/** Calls `task` after this many milliseconds, unless the function that it returns is called before. */
export function after(milliseconds: number, task: () => void): () => void {
  const timer = realSetTimeout(task, milliseconds);
  return () => realClearTimeout(timer);
}
