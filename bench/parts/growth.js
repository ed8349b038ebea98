import { createSessions } from "../../dist/index.js";
import { bend, lineThrough } from "../lib/fit.js";
import { sideBySide } from "../lib/measure.js";
import { short } from "../lib/report.js";
import { records } from "../reference.js";

const secretOf = (index) => `secret number ${index} for the bench of thirty-two characters`;
/** Bytes that may go into cookies: as much as a Cookie header of 16 KB takes. */
const BUDGET = 16_384;

/** A Cookie header of a session with so many bytes of data, as a browser sends it. */
async function cookieOf(bytes, secret = secretOf(0)) {
  const scope = await createSessions({ secret, maxCookieBytes: BUDGET }).load(null);
  scope.begin({ seen: records(bytes) });
  return (await scope.commit()).map((line) => line.slice(0, line.indexOf(";"))).join("; ");
}

/** What a request pays before its app runs: the header taken apart, the session opened and looked at. */
async function reading(header, secret = secretOf(0)) {
  const sessions = createSessions({ secret, maxCookieBytes: BUDGET });
  const read = async () => (await sessions.load(header)).session;
  if (!(await read())) throw new Error("the session does not open");
  return read;
}

/** Cookies of others, about 40 bytes each. */
const foreign = (count) =>
  Array.from({ length: count }, (_, index) => `_analytics_${String(index).padStart(3, "0")}=GA1.1.8675309.1790000000`);

/** A header of so many bytes: a session of half a kilobyte, and cookies of others of 2 KB each. */
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

/** What the cost grows with: how a request looks at each step, and what one step's unit is called. */
const AXES = [
  {
    title: "Reading a session: its size",
    text: "Data of small records, in one to three cookies. What grows is base64url, the cipher and JSON.parse, over each byte once.",
    step: { name: "data", unit: "bytes" },
    one: "byte",
    steps: [250, 500, 1000, 1500, 2000, 3000, 4000, 5000, 6000],
    prepare: async (bytes) => reading(await cookieOf(bytes)),
  },
  {
    title: "Reading a session: secrets",
    text: "A session of 500 bytes that was sealed with the oldest of so many secrets. Its cookie names its key, which is found by that name once it was derived: no secret is tried in vain.",
    step: { name: "secrets", unit: "" },
    one: "secret",
    steps: [1, 2, 3, 4, 5, 6, 7, 8],
    async prepare(count) {
      const secrets = Array.from({ length: count }, (_, index) => secretOf(index));
      return reading(await cookieOf(500, secrets[count - 1]), secrets);
    },
  },
  {
    title: "Reading a session: cookies of others",
    text: "A session of 500 bytes behind so many cookies of about 40 bytes that are not latchkey's. The header is split once, and each name compared.",
    step: { name: "cookies", unit: "" },
    one: "cookie",
    steps: [0, 20, 40, 60, 80, 100, 120, 140, 160, 180],
    prepare: async (count) => reading([...foreign(count), await cookieOf(500)].join("; ")),
  },
  {
    title: "Reading a session: bytes of the Cookie header",
    text: "A session of 500 bytes before cookies of others of 2 KB each, up to the 16 KB that Node takes.",
    step: { name: "header", unit: "bytes" },
    one: "byte",
    steps: [1, 2, 4, 6, 8, 10, 12, 14, 16].map((kilobytes) => kilobytes * 1024),
    prepare: async (bytes) => reading(headerOf(bytes, await cookieOf(500))),
  },
];

/** Whether the cost of a request grows with what it is given no faster than in proportion. */
export async function run({ quick }) {
  const options = quick ? { rounds: 7, discarded: 3, milliseconds: 5 } : { rounds: 16, discarded: 5, milliseconds: 10 };
  const tables = [];
  const checks = [];
  for (const axis of AXES) {
    const steps = axis.steps.filter((_, index) => !quick || index % 2 === 0);
    const points = await measureAxis({ ...axis, steps }, options);
    tables.push(tableOf(axis, points));
    checks.push({
      what: `${axis.title}: at the far end, times what a straight line says`,
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
  // Of a line without a slope, R² says nothing but how the noise fell.
  if (Math.abs(last - first) < 0.1 * first) return `**Flat**: ${short(slope * 1000)} ns for each ${one} more.`;
  return `**A straight line**: ${short(slope * 1000)} ns for each ${one} more, R² ${r2.toFixed(3)}.`;
}
