type Call = () => unknown;

/** Nanoseconds that `calls` calls take, one after the other. */
async function time(call: Call, calls: number): Promise<number> {
  const started = process.hrtime.bigint();
  for (let count = 0; count < calls; count++) await call();
  return Number(process.hrtime.bigint() - started);
}

/**
 * The time that `ours` takes, divided by the time that `limit` takes. Both get short turns in the same rounds, and the
 * fastest turn of each counts, because other processes disturbed it least. Many rounds are needed: on a busy machine,
 * V8's background compiler optimizes the longer path only after thousands of calls.
 */
export async function shareOf(ours: Call, limit: Call, { rounds = 250, calls = 60 } = {}): Promise<number> {
  let [fastest, fastestLimit] = [Infinity, Infinity];
  for (let round = 0; round < rounds; round++) {
    fastest = Math.min(fastest, await time(ours, calls));
    fastestLimit = Math.min(fastestLimit, await time(limit, calls));
  }
  return fastest / fastestLimit;
}
