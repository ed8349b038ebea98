import autocannon from "autocannon";
import { figureOf } from "../lib/measure.js";

/** Connections that ask side by side, each one question at a time. */
const CONNECTIONS = 16;

/** @typedef {{ name: string, url: string, cookie?: string, expects: string }} Target */

/** Asks once, and looks at the answer: what is measured afterwards is the right one. @param {Target} target */
async function check({ name, url, cookie, expects }) {
  const response = await fetch(url, { headers: cookie ? { cookie } : {} });
  const body = await response.text();
  if (response.status !== 200 || !body.includes(expects)) {
    throw new Error(`${name} answers ${response.status}: ${body.slice(0, 200)}`);
  }
}

/** One turn of one target. autocannon's own percentiles are whole milliseconds: these are made of its responses. */
function turn({ url, cookie }, seconds) {
  return new Promise((resolve, reject) => {
    const times = [];
    const options = {
      url,
      connections: CONNECTIONS,
      duration: seconds,
      sampleInt: 100,
      headers: cookie ? { cookie } : {},
    };
    const started = performance.now();
    const instance = autocannon(options, (error, result) => {
      if (error || result.errors + result.non2xx > 0) {
        return reject(error ?? new Error(`${url}: ${result.errors} errors, ${result.non2xx} other answers`));
      }
      const sorted = Float64Array.from(times).sort();
      const at = (share) => sorted[Math.floor((sorted.length - 1) * share)];
      return resolve({
        rate: (times.length / (performance.now() - started)) * 1000,
        middle: at(0.5),
        late: at(0.99),
      });
    });
    instance.on("response", (_client, _status, _bytes, milliseconds) => times.push(milliseconds));
  });
}

/**
 * Requests a second of servers that all have their turn in every round, from this process; the first round warms up.
 * @param {Target[]} targets
 * @param {{ rounds: number, seconds: number }} extent
 * @returns {Promise<Record<string, { rate: import("../lib/measure.js").Figure, middle: number, late: number }>>} by name; the
 *   middle and the 99th percentile of the time that a request takes, in milliseconds
 */
export async function loadSideBySide(targets, { rounds, seconds }) {
  const turns = Object.fromEntries(targets.map(({ name }) => [name, []]));
  for (const target of targets) await check(target);
  for (let round = 0; round <= rounds; round++) {
    for (const target of targets) {
      const taken = await turn(target, seconds);
      if (round > 0) turns[target.name].push(taken);
    }
  }
  const measured = Object.entries(turns).map(([name, list]) => [
    name,
    {
      rate: figureOf(list.map(({ rate }) => rate)),
      middle: figureOf(list.map(({ middle }) => middle)).median,
      late: figureOf(list.map(({ late }) => late)).median,
    },
  ]);
  return Object.fromEntries(measured);
}

/** The columns of every table of servers. */
export const COLUMNS = [
  { key: "rate", name: "requests", unit: "a second", better: "more" },
  { key: "middle", name: "p50", unit: "ms" },
  { key: "late", name: "p99", unit: "ms" },
];
