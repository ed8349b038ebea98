import { createSessions } from "../../dist/index.js";
import { bend, lineThrough } from "../lib/fit.js";
import { sideBySide } from "../lib/measure.js";
import { short } from "../lib/report.js";
import { records } from "../reference.js";

const secretOf = (index) => `secret number ${index} for the bench of thirty-two characters`;
/** The most bytes of data in cookies: as much as fits into a Cookie header of 16 KB. */
const MAX_COOKIE_BYTES = 16_384;

/** The Cookie header of a session with `bytes` bytes of data, as a browser sends it. */
async function cookieOf(bytes, secret = secretOf(0)) {
  const session = await createSessions({ secret, maxCookieBytes: MAX_COOKIE_BYTES }).load(null);
  session.begin({ seen: records(bytes) });
  return (await session.commit()).map((line) => line.slice(0, line.indexOf(";"))).join("; ");
}

/** Makes a function that does the work of a request before its app runs: it parses the header, opens and reads the session. */
async function createReader(header, secret = secretOf(0)) {
  const sessions = createSessions({ secret, maxCookieBytes: MAX_COOKIE_BYTES });
  const read = async () => (await sessions.load(header)).session;
  if (!(await read())) throw new Error("the session does not open");
  return read;
}

/** Foreign cookies of about 40 bytes each. */
const foreign = (count) =>
  Array.from({ length: count }, (_, index) => `_analytics_${String(index).padStart(3, "0")}=GA1.1.8675309.1790000000`);

/** A header of `bytes` bytes: a session of half a kilobyte, and foreign cookies of 2 KB each. */
function headerOf(bytes, cookie) {
  const parts = [cookie];
  let missing = bytes - cookie.length;
  while (missing > 0) {
    const size = missing > 2100 ? 2048 : missing;
    const name = `; long_${parts.length}=`;
    parts.push(name + "x".repeat(size - name.length));
    missing -= size;
  }
  return parts.join("");
}

/** The quantities with which the cost may grow: the request at each step, and the unit of a step. */
const AXES = [
  {
    title: "Reading a session: its size",
    text: "Data of small records, in one to three cookies. Base64url, the cipher and JSON.parse each process every byte once.",
    step: { name: "data", unit: "bytes" },
    one: "byte",
    steps: [250, 500, 1000, 1500, 2000, 3000, 4000, 5000, 6000],
    prepare: async (bytes) => createReader(await cookieOf(bytes)),
  },
  {
    title: "Reading a session: secrets",
    text: "A session of 500 bytes, sealed with the oldest of the secrets. The cookie names its key, which is looked up by that name: no secret is tried in vain.",
    step: { name: "secrets", unit: "" },
    one: "secret",
    steps: [1, 2, 3, 4, 5, 6, 7, 8],
    async prepare(count) {
      const secrets = Array.from({ length: count }, (_, index) => secretOf(index));
      return createReader(await cookieOf(500, secrets[count - 1]), secrets);
    },
  },
  {
    title: "Reading a session: foreign cookies",
    text: "A session of 500 bytes after foreign cookies of about 40 bytes each. The header is split once, and each name is compared.",
    step: { name: "cookies", unit: "" },
    one: "cookie",
    steps: [0, 20, 40, 60, 80, 100, 120, 140, 160, 180],
    prepare: async (count) => createReader([...foreign(count), await cookieOf(500)].join("; ")),
  },
  {
    title: "Reading a session: bytes of the Cookie header",
    text: "A session of 500 bytes before foreign cookies of 2 KB each, up to the 16 KB that Node accepts.",
    step: { name: "header", unit: "bytes" },
    one: "byte",
    steps: [1, 2, 4, 6, 8, 10, 12, 14, 16].map((kilobytes) => kilobytes * 1024),
    prepare: async (bytes) => createReader(headerOf(bytes, await cookieOf(500))),
  },
];

/** Checks that the cost of a request grows at most linearly with its input. */
export async function run({ quick }) {
  const options = quick ? { rounds: 7, discarded: 3, milliseconds: 5 } : { rounds: 16, discarded: 5, milliseconds: 10 };
  const tables = [];
  const checks = [];
  for (const axis of AXES) {
    const steps = axis.steps.filter((_, index) => !quick || index % 2 === 0);
    const points = await measureAxis({ ...axis, steps }, options);
    tables.push(tableOf(axis, points));
    checks.push({
      what: `${axis.title}: at the far end, times what a straight line predicts`,
      atMost: 1.25,
      got: bend(points),
    });
  }
  return { title: "What the cost of a request grows with", tables, checks };
}

/** @returns {Promise<{ x: number, y: number, figure: import("../lib/measure.js").Figure }[]>} `y` in microseconds */
async function measureAxis({ steps, prepare }, options) {
  const functions = {};
  for (const x of steps) functions[x] = await prepare(x);
  const figures = await sideBySide(functions, options);
  return steps.map((x) => ({ x, y: figures[x].median, figure: figures[x] }));
}

function tableOf({ title, text, step, one }, points) {
  return {
    title,
    text: `${text} ${describe(points, one)}`,
    columns: [
      { key: "x", ...step },
      { key: "figure", name: "load and read", unit: "µs" },
    ],
    rows: points.map(({ x, figure }) => ({ name: "", x, figure })),
  };
}

/** The fitted line in words. */
function describe(points, one) {
  const { slope, at, r2 } = lineThrough(points);
  const [first, last] = [at(points[0].x), at(points.at(-1).x)];
  // For a line without a slope, R² only describes noise.
  if (Math.abs(last - first) < 0.1 * first) return `**Flat**: ${short(slope * 1000)} ns for each ${one} more.`;
  return `**A straight line**: ${short(slope * 1000)} ns for each ${one} more, R² ${r2.toFixed(3)}.`;
}
