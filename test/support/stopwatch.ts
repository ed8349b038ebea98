type Call = () => unknown;

/** Nanoseconds that so many calls take, one after the other. */
async function time(call: Call, calls: number): Promise<number> {
  const started = process.hrtime.bigint();
  for (let count = 0; count < calls; count++) await call();
  return Number(process.hrtime.bigint() - started);
}

/**
 * How many times as long `ours` takes as `limit`: both have short turns in the same rounds, and the quickest turn of each
 * counts, which is the one that nothing else got in the way of. Many rounds: on a busy machine it takes thousands of calls
 * until the compiler, which works beside them, has come to the longer path.
 */
export async function shareOf(ours: Call, limit: Call, { rounds = 250, calls = 60 } = {}): Promise<number> {
  let [best, least] = [Infinity, Infinity];
  for (let round = 0; round < rounds; round++) {
    best = Math.min(best, await time(ours, calls));
    least = Math.min(least, await time(limit, calls));
  }
  return best / least;
}
