import { measure } from "mitata";

/** @typedef {{ median: number, low: number, high: number }} Figure The median of some samples, and the middle half of them. */

/** @returns {Figure} */
export function figureOf(samples) {
  const sorted = samples.toSorted((left, right) => left - right);
  const last = sorted.length - 1;
  return {
    median: sorted[Math.round(last / 2)],
    low: sorted[Math.floor(last / 4)],
    high: sorted[Math.ceil((last * 3) / 4)],
  };
}

/**
 * Times functions side by side: each gets a turn in every round, so that other load on the machine affects all of them
 * alike. If a function returns a promise, its resolution counts.
 * @param {Record<string, () => unknown>} functions
 * @param {{ rounds?: number, discarded?: number, milliseconds?: number }} options the first `discarded` rounds only warm up
 * @returns {Promise<Record<string, Figure>>} microseconds for one call
 */
export async function sideBySide(functions, { rounds = 11, discarded = 3, milliseconds = 15 } = {}) {
  const samples = Object.fromEntries(Object.keys(functions).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, call] of Object.entries(functions)) {
      const { p50 } = await measure(call, { gc: false, batch_samples: 64, min_cpu_time: milliseconds * 1e6 });
      if (round >= discarded) samples[name].push(p50 / 1000);
    }
  }
  return Object.fromEntries(Object.entries(samples).map(([name, list]) => [name, figureOf(list)]));
}
