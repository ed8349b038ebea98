import { sizeOf } from "./start/bundle.js";
import { timeImports } from "./start/imports.js";
import * as libraries from "./start/libraries.js";

const RUNS = { edge: "any runtime", node: "Node", page: "pages" };

/** The size of each library; one that cannot be bundled is left out. */
async function sizes(group, skipped) {
  const rows = [];
  for (const library of group) {
    try {
      const { name, ours, note, runs } = library;
      rows.push({ name, ours, note, runs: RUNS[runs], size: await sizeOf(library) });
    } catch (error) {
      skipped.push(`The size of ${library.name}: ${error.message.split("\n")[0]}`);
    }
  }
  return rows;
}

const sizeTable = (what, rows) => ({
  title: `Size: ${what}`,
  text: "Bundled by esbuild for a worker, for Node or for a page, minified, with all dependencies except the framework (Express, Fastify, Next, React), then gzipped (9).",
  columns: [
    { key: "runs", name: "for", unit: "" },
    { key: "size", name: "min+gzip", unit: "KiB", better: "less" },
  ],
  rows,
  chart: "size",
});

const importTable = (what, group, times) => ({
  title: `Time to import: ${what}`,
  text: "From files as npm installs them, in a new process of Node for each sample, measured around the import. Imports of a library from its framework count.",
  columns: [{ key: "time", name: "import", unit: "ms", better: "less" }],
  rows: group
    .filter((library) => times.has(library))
    .map((library) => ({ name: library.name, ours: library.ours, time: times.get(library) })),
  chart: "time",
});

const workerTable = (rows) => ({
  title: "Time to the first response in workerd",
  text: "From the start of a new process of workerd to the response, which is made from the reference session in the request's cookie. Bundled and minified as for the sizes above.",
  columns: [
    { key: "time", name: "first response", unit: "ms", better: "less" },
    { key: "script", name: "script, minified", unit: "KiB" },
  ],
  rows,
  chart: "time",
});

/** If workerd is not installed, its table is left out. */
async function measureWorkers(rounds) {
  try {
    const { timeWorkers } = await import("./start/workers.js");
    return await timeWorkers(rounds);
  } catch (error) {
    return { rows: [], skipped: [`workerd, which is a development dependency of the package: ${error.message}`] };
  }
}

/** @returns {Promise<import("../lib/report.js").Part>} */
export async function run({ quick }) {
  const skipped = [];
  const alone = await sizes(libraries.sessions, skipped);
  const both = await sizes(libraries.signIns, skipped);
  const inPages = await sizes(libraries.inPages, skipped);
  const imports = await timeImports([...libraries.sessions, ...libraries.signIns], quick ? 1 : 9);
  const workers = await measureWorkers(quick ? 3 : 21);
  return {
    title: "Size and start",
    tables: [
      sizeTable("sessions alone", alone),
      sizeTable("sign-in and sessions", both),
      sizeTable("sign-in by the page itself", inPages),
      importTable("sessions alone", libraries.sessions, imports.times),
      importTable("sign-in and sessions", libraries.signIns, imports.times),
      ...(workers.rows.length > 0 ? [workerTable(workers.rows)] : []),
    ],
    checks: [],
    skipped: [...skipped, ...imports.skipped, ...workers.skipped],
  };
}
