// Load by autocannon, in the process of the part; each server has its own process.
import autocannon from "autocannon";
import { figureOf } from "../lib/measure.js";

const CONNECTIONS = 16;

/**
 * A request that is sent over and over.
 * @typedef {object} Target
 * @property {string} url
 * @property {string} cookie
 * @property {(body: string, response: Response) => boolean} isRight
 */

/** Throws unless the target's response is right. @param {string} name @param {Target} target */
async function check(name, { url, cookie, isRight }) {
  const response = await fetch(url, { headers: { cookie }, redirect: "manual" });
  const body = await response.text();
  if (response.status === 200 && isRight(body, response)) return;
  throw new Error(`${name} responded with ${response.status} at ${url}: ${body.slice(0, 200)}`);
}

const percentile = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];

/**
 * One round. autocannon's summary has only whole seconds and milliseconds, so the figures come from its response events.
 * @param {Target} target @param {number} milliseconds
 */
async function sendRequests({ url, cookie }, milliseconds) {
  const latencies = [];
  let [first, last] = [0, 0];
  const run = autocannon({
    url,
    headers: { cookie },
    connections: CONNECTIONS,
    pipelining: 1,
    duration: milliseconds / 1000,
    sampleInt: 50,
  });
  run.on("response", (_client, _status, _bytes, latency) => {
    last = performance.now();
    first ||= last;
    latencies.push(latency);
  });
  const { errors, non2xx } = await run;
  if (errors > 0 || non2xx > 0) throw new Error(`${url}: ${errors} errors, ${non2xx} responses with a wrong status`);
  const sorted = Float64Array.from(latencies).sort();
  return {
    count: latencies.length,
    rate: ((latencies.length - 1) * 1000) / (last - first),
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
  };
}

export const COLUMNS = [
  { key: "rate", name: "requests", unit: "a second", better: "more" },
  { key: "p50", name: "p50", unit: "ms" },
  { key: "p99", name: "p99", unit: "ms" },
  { key: "cpu", name: "processor time of the server", unit: "µs a request", better: "less" },
];

/**
 * The length of a measurement.
 * @typedef {{ rounds: number, milliseconds: number, warm: number }} Extent `warm`: milliseconds of the first round, which
 *   is discarded: during the first thousands of requests, compilation dominates the time
 */

/**
 * Sends requests to each target in every round.
 * @param {{ name: string, note?: string, ours?: boolean, target: Target, server: import("./servers.js").Server }[]} rows
 * @param {Extent} extent
 */
export async function compare(rows, { rounds, milliseconds, warm }) {
  const samples = rows.map(() => []);
  for (const { name, target } of rows) await check(name, target);
  for (let round = 0; round <= rounds; round++) {
    for (const [index, { target, server }] of rows.entries()) {
      const before = await server.cpu();
      const { count, ...sample } = await sendRequests(target, round > 0 ? milliseconds : warm);
      const cpu = ((await server.cpu()) - before) / count;
      if (round > 0) samples[index].push({ ...sample, cpu });
    }
  }
  return rows.map(({ name, note, ours }, index) => {
    const figure = (key) => figureOf(samples[index].map((sample) => sample[key]));
    const median = (key) => figure(key).median;
    return { name, note, ours, rate: figure("rate"), p50: median("p50"), p99: median("p99"), cpu: median("cpu") };
  });
}
