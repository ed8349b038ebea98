import { prepare, sumOf } from "../lib/codecs.js";
import { sideBySide } from "../lib/measure.js";
import { measureScripts, measureServers, THIS_NODE } from "../lib/runtimes.js";
import { loadPeers } from "../peers/index.js";
import { portable } from "../peers/portable.js";
import { session, sessionOf } from "../reference.js";

/** The sizes in bytes of JSON, by name. The one of 2.6 KB is the reference session. */
const SIZES = { "0.5 KB": 500, "1 KB": 1000, "2.6 KB": 2600, "8 KB": 8000, "32 KB": 32_000 };
const REFERENCE = "2.6 KB";

/** Options for `sideBySide`, by measurement. */
const EXTENT = {
  full: {
    reference: { rounds: 14, discarded: 3, milliseconds: 12 },
    sizes: { rounds: 6, discarded: 1, milliseconds: 6 },
    scripts: { rounds: 8, discarded: 3, milliseconds: 10 },
    servers: { rounds: 11, discarded: 4, milliseconds: 25 },
  },
  quick: {
    reference: { rounds: 4, discarded: 1, milliseconds: 5 },
    scripts: { rounds: 4, discarded: 1, milliseconds: 5 },
    servers: { rounds: 9, discarded: 4, milliseconds: 12 },
  },
};

/** Sealing and opening the reference session, beside its peers: on this Node, by size, and by runtime. */
export async function run({ quick }) {
  const extent = EXTENT[quick ? "quick" : "full"];
  const { peers, skipped } = await loadPeers();
  const bySize = {};
  // The reference session first: later measurements run on code that is already compiled.
  for (const name of [REFERENCE, ...Object.keys(SIZES).filter((name) => name !== REFERENCE)]) {
    const options = name === REFERENCE ? extent.reference : extent.sizes;
    if (options) bySize[name] = await compare(peers, sessionOf(SIZES[name]), options, skipped);
  }
  if (quick) skipped.push("sessions of other sizes, and other versions of Node: not with --quick");
  const scripts = await measureScripts(extent.scripts, quick ? [THIS_NODE, "Bun", "Deno"] : undefined);
  const servers = await measureServers(extent.servers);
  for (const { name, missing } of [...scripts, ...servers]) if (missing) skipped.push(`${name}: ${missing}`);
  return {
    title: "Sealing and opening a session",
    tables: [
      referenceTable(peers, bySize[REFERENCE]),
      ...(quick ? [] : [sizesTable(peers, bySize)]),
      ...runtimeTables(scripts, servers),
    ],
    checks: [...referenceChecks(bySize[REFERENCE]), ...servers.flatMap(webChecks)],
    skipped: [...new Set(skipped)],
  };
}

/**
 * Measures a session of one size with each peer.
 * @returns {Promise<Map<string, { seal, open, trip } | "too large">>} microseconds, by name
 */
async function compare(peers, session, options, skipped) {
  const results = new Map();
  const functions = {};
  for (const peer of peers) {
    try {
      const codec = await prepare(peer, session);
      results.set(peer.name, "too large");
      if (codec) Object.assign(functions, { [`${peer.name} seal`]: codec.seal, [`${peer.name} open`]: codec.open });
    } catch (error) {
      if (peer.ours) throw error;
      skipped.push(`${peer.name}: ${error.message}`);
    }
  }
  const figures = await sideBySide(functions, options);
  for (const name of results.keys()) {
    const [seal, open] = [figures[`${name} seal`], figures[`${name} open`]];
    if (seal) results.set(name, { seal, open, trip: sumOf(seal, open) });
  }
  return results;
}

/** Converts microseconds per call to calls per second. */
const perSecond = ({ median, low, high }) => ({ median: 1e6 / median, low: 1e6 / high, high: 1e6 / low });

const rowOf = ({ name, note, ours }) => ({ name, note, ours });

function referenceTable(peers, results) {
  return {
    title: "The reference session, sealed and opened",
    text: `${Buffer.byteLength(JSON.stringify(session)).toLocaleString("en")} bytes of JSON: three tokens and nine claims. One process, in turns; each library was checked to open what it sealed. A round trip is both.`,
    columns: [
      { key: "seal", name: "seal", unit: "µs", better: "less" },
      { key: "open", name: "open", unit: "µs", better: "less" },
      { key: "trips", name: "round trips", unit: "per second", better: "more" },
    ],
    rows: peers
      .filter(({ name }) => results.has(name))
      .map((peer) => {
        const { seal, open, trip } = results.get(peer.name);
        return { ...rowOf(peer), seal, open, trips: perSecond(trip) };
      }),
    chart: "trips",
  };
}

function sizesTable(peers, bySize) {
  const cell = (figures) => (figures === "too large" ? "over 16 KB: no cookie" : figures?.trip);
  return {
    title: "Round trip by size",
    text: "Sealing and opening. 0.5 KB is a user; 1 KB adds one opaque refresh token, 2.6 KB is the reference session, and larger ones add a list of small records. Browsers limit a cookie to 4 KB, so that larger sessions need several, and Node accepts no headers of more than 16 KB.",
    columns: Object.keys(SIZES).map((name) => ({ key: name, name, unit: "µs", better: "less" })),
    rows: peers.map((peer) => ({
      name: peer.name,
      ours: peer.ours,
      ...Object.fromEntries(Object.entries(bySize).map(([size, results]) => [size, cell(results.get(peer.name))])),
    })),
  };
}

/** @param {import("../lib/runtimes.js").Measured[]} scripts @param {import("../lib/runtimes.js").Measured[]} servers */
const runtimeTables = (scripts, servers) => [
  runtimesTable(
    "Round trip by runtime",
    "Sealing and opening the reference session, with the libraries that run everywhere. All of these runtimes have `node:crypto`, which latchkey uses there.",
    scripts,
  ),
  runtimesTable(
    "Round trip on Web Crypto alone",
    "The same on runtimes without `node:crypto`. By hand, base64url uses Buffer, which workerd has and edge-runtime lacks. A worker's clock stands still while its code runs, so the client measures: the time of a request for many calls, minus that of a request for none.",
    servers,
  ),
];

function runtimesTable(title, text, runtimes) {
  const shown = runtimes.filter(({ figures }) => figures);
  return {
    title,
    text,
    columns: shown.map(({ name }) => ({ key: name, name, unit: "µs", better: "less" })),
    rows: portable.map((peer) => ({
      ...rowOf(peer),
      ...Object.fromEntries(shown.map(({ name, figures }) => [name, figures[peer.name]])),
    })),
  };
}

/** @returns {import("../lib/report.js").Check[]} those whose peers are here */
function referenceChecks(results) {
  const ours = results.get("latchkey");
  const faster = (name, operation, atLeast) => ({
    what: `${operation === "trip" ? "round trip" : operation}: times as fast as ${name}`,
    atLeast,
    got: results.get(name)?.[operation].median / ours[operation].median,
  });
  const share = (name, operation) => ({
    what: `${operation}: share of the time of ${name}`,
    atMost: 1.1,
    got: ours[operation].median / results.get(name)?.[operation].median,
  });
  return [
    faster("@fastify/secure-session", "seal", 1),
    faster("@fastify/secure-session", "open", 1),
    faster("@auth0/nextjs-auth0", "trip", 12),
    faster("iron-session", "trip", 30),
    faster("@auth/core/jwt", "trip", 25),
    ...["node:crypto by hand", "node:crypto by hand, tuned"].flatMap((name) => [
      share(name, "seal"),
      share(name, "open"),
    ]),
  ].filter(({ got }) => Number.isFinite(got));
}

/** The promises for each runtime that has only Web Crypto. */
function webChecks({ name, figures }) {
  if (!figures) return [];
  const ours = figures.latchkey.median;
  return [
    {
      what: `${name}, round trip: times as fast as @auth0/nextjs-auth0`,
      atLeast: 3,
      got: figures["@auth0/nextjs-auth0"].median / ours,
    },
    {
      what: `${name}, round trip: share of the time of Web Crypto by hand`,
      atMost: 1.25,
      got: ours / figures["Web Crypto by hand"].median,
    },
  ];
}
