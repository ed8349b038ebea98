// Measures every claim of latchkey about its cost, beside its peers:
//   npm run bench                    all parts: tables on the screen; tables and charts in bench/results
//   npm run bench -- codec wire     some parts
//   npm run bench -- --quick         under a minute: fewer rounds, and nothing that must be built first
//   npm run bench -- --json FILE     also writes the figures to FILE
// Exits with 1 if a promise is not kept or a part fails, and with 2 if the arguments are wrong. Each part runs in its own
// process, and each table is one run.
import { fork } from "node:child_process";
import { accessSync, constants, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { install } from "./lib/install.js";
import { describeMachine } from "./lib/machine.js";
import { checksToMarkdown, isMet, toMarkdown, toSvg } from "./lib/report.js";

const PARTS = ["codec", "wire", "http", "sign-in", "storm", "growth", "start"];
const RESULTS = new URL("results/", import.meta.url);

const { values, positionals } = parseArguments();

/** The arguments. Reports a wrong one before any measurement begins. */
function parseArguments() {
  try {
    const parsed = parseArgs({
      options: { quick: { type: "boolean", default: false }, json: { type: "string" } },
      allowPositionals: true,
    });
    const unknown = parsed.positionals.filter((name) => !PARTS.includes(name));
    if (unknown.length > 0) throw new Error(`Unknown part: ${unknown.join(", ")}. The parts are ${PARTS.join(", ")}.`);
    if (parsed.values.json) accessSync(dirname(parsed.values.json), constants.W_OK);
    return parsed;
  } catch (error) {
    console.error(error.message);
    return process.exit(2);
  }
}

/** @returns {Promise<import("./lib/report.js").Part>} */
function measure(name) {
  return new Promise((resolve, reject) => {
    const child = fork(new URL("lib/part.js", import.meta.url), [name, values.quick ? "quick" : "full"], {
      // JSON cannot represent Infinity.
      serialization: "advanced",
    });
    let part;
    child.on("message", (message) => {
      part = message;
    });
    child.on("error", reject);
    child.on("exit", (code) => (code === 0 && part ? resolve(part) : reject(new Error(`${name} ended with ${code}`))));
  });
}

install();
const machine = describeMachine();
console.log(`${machine.date}, ${machine.text}\n`);
const chosen = positionals.length > 0 ? PARTS.filter((name) => positionals.includes(name)) : PARTS;
const parts = {};
for (const name of chosen) {
  const started = performance.now();
  const part = await measure(name).catch((error) => {
    console.error(`${error.message}\n`);
    process.exitCode = 1;
  });
  if (!part) continue;
  parts[name] = part;
  console.log(`## ${part.title}\n`);
  for (const table of part.tables) console.log(toMarkdown(table));
  for (const what of part.skipped ?? []) console.log(`Left out: ${what}\n`);
  console.log(`(${((performance.now() - started) / 1000).toFixed(0)} s)\n`);
}

const checks = Object.values(parts).flatMap((part) => part.checks);
console.log(checksToMarkdown(checks));

if (values.json) writeFileSync(values.json, `${JSON.stringify({ machine, parts }, null, 2)}\n`);
if (!values.quick) publish();
if (!checks.every(isMet)) process.exitCode = 1;

/** Writes the result pages and charts that the README links to. */
function publish() {
  mkdirSync(RESULTS, { recursive: true });
  for (const [name, part] of Object.entries(parts)) {
    for (const file of readdirSync(RESULTS)) {
      if (file === `${name}.md` || (file.startsWith(`${name}-`) && /^\d+\.svg$/.test(file.slice(name.length + 1))))
        rmSync(new URL(file, RESULTS));
    }
    const shown = part.tables.map((table, index) => {
      const file = `${name}-${index + 1}.svg`;
      if (table.chart) writeFileSync(new URL(file, RESULTS), toSvg(table));
      return `${toMarkdown(table)}${table.chart ? `\n![${table.title}](${file})\n` : ""}`;
    });
    const left = (part.skipped ?? []).map((what) => `Left out: ${what}\n`);
    const text = [
      `## ${part.title}`,
      "",
      `${machine.date}, ${machine.text}. Medians, with the middle half of the rounds in brackets; × says how many times better latchkey is.`,
      "",
      ...shown,
      ...left,
      ...(part.checks.length > 0 ? [checksToMarkdown(part.checks)] : []),
    ];
    writeFileSync(new URL(`${name}.md`, RESULTS), text.join("\n"));
  }
}
