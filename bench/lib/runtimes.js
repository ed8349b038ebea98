import { execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { portable } from "../peers/portable.js";
import { endWithParent } from "./child.js";
import { sumOf } from "./codecs.js";
import { freePort } from "./free-port.js";
import { figureOf } from "./measure.js";
import { workerdConfig } from "./workerd.js";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const program = (name) => here(`../../node_modules/.bin/${name}`);

/** The major version of this Node. */
const MAJOR = Number(process.versions.node.split(".")[0]);
/** The name of this Node in the tables. */
export const THIS_NODE = `Node ${MAJOR}`;

/** Engines that run a script: the command that starts each, and the package that contains it. */
const SCRIPTS = [
  { name: THIS_NODE, command: process.execPath, conditions: ["node"] },
  ...[22, 24]
    .filter((major) => major !== MAJOR)
    .map((major) => ({
      name: `Node ${major}`,
      command: here(`../node_modules/node${major}/bin/node`),
      needs: `node${major}, which is optional`,
      conditions: ["node"],
    })),
  { name: "Bun", command: program("bun"), needs: "bun", conditions: ["bun", "node"] },
  {
    name: "Deno",
    command: program("deno"),
    needs: "deno",
    before: ["run", "--quiet", "-A"],
    conditions: ["deno", "node"],
  },
];

/** Engines that have only Web Crypto, and run a request handler. */
const SERVERS = [
  {
    name: "workerd",
    command: program("workerd"),
    needs: "workerd",
    conditions: ["workerd", "worker", "browser"],
    file: "worker.mjs",
    contents: `import { respond } from "./runtime-worker.js"; export default { fetch: respond };`,
    prepare(folder, port) {
      writeFileSync(join(folder, "config.capnp"), workerdConfig(port));
      return ["serve", join(folder, "config.capnp")];
    },
  },
  {
    name: "edge-runtime",
    command: program("edge-runtime"),
    needs: "edge-runtime",
    conditions: ["edge-light", "worker", "browser"],
    file: "worker.js",
    contents: `import { respond } from "./runtime-worker.js";
      addEventListener("fetch", (event) => event.respondWith(respond(event.request)));`,
    prepare: (folder, port) => ["--listen", "--port", String(port), join(folder, "worker.js")],
  },
];

/** @typedef {{ name: string, figures?: Record<string, import("./measure.js").Figure>, missing?: string }} Measured of a runtime, by codec */

/**
 * Measures sealing and opening the reference session in each engine that runs a script, or only in those with the given names.
 * @returns {Promise<Measured[]>} microseconds, or why there are no figures
 */
export const measureScripts = (options, names = SCRIPTS.map(({ name }) => name)) =>
  inTurn(
    SCRIPTS.filter(({ name }) => names.includes(name)),
    async (runtime, folder) => {
      const outfile = join(folder, "main.mjs");
      await bundle({
        entryPoints: [here("runtime-main.js")],
        outfile,
        platform: "node",
        conditions: runtime.conditions,
      });
      const args = [...(runtime.before ?? []), outfile, JSON.stringify(options)];
      const { stdout } = await promisify(execFile)(runtime.command, args);
      return JSON.parse(stdout);
    },
  );

/** The same for the engines that have only Web Crypto, timed from outside. @returns {Promise<Measured[]>} */
export const measureServers = (options) =>
  inTurn(SERVERS, async ({ command, file, contents, conditions, prepare }, folder) => {
    const stdin = { contents, resolveDir: here("."), sourcefile: file };
    const format = file.endsWith(".mjs") ? "esm" : "iife";
    await bundle({ stdin, outfile: join(folder, file), platform: "browser", format, conditions });
    const port = await freePort();
    const child = endWithParent(spawn(command, prepare(folder, port), { stdio: "ignore" }));
    try {
      await untilUp(child, port);
      return await timeFromOutside(port, options);
    } finally {
      child.kill();
    }
  });

/** Measures one runtime after the other, each in its own folder. If one is missing, says why and continues. */
async function inTurn(runtimes, measure) {
  const all = [];
  for (const runtime of runtimes) {
    const folder = mkdtempSync(join(tmpdir(), "latchkey-bench-"));
    try {
      if (!existsSync(runtime.command)) throw new Error(`needs the package ${runtime.needs}`);
      all.push({ name: runtime.name, figures: await measure(runtime, folder) });
    } catch (error) {
      all.push({ name: runtime.name, missing: error.message.trim().split("\n").slice(0, 2).join(" ") });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return all;
}

/** Bundles as users of the runtime do: the runtime's export conditions choose the engine. */
async function bundle(options) {
  const { build } = await import("esbuild");
  // mitata imports this module only in Bun.
  const external = ["bun:jsc", "@mitata/counters"];
  await build({ bundle: true, format: "esm", target: "es2022", logLevel: "silent", external, ...options });
}

const agent = new Agent({ keepAlive: true, maxSockets: 1 });

/** The time until the response to a request, in milliseconds. */
function timeRequest(port, codec, operation, count) {
  const path = `/?${new URLSearchParams({ codec, operation, count })}`;
  const started = performance.now();
  return new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port, path, agent }, (response) => {
      response.resume();
      response.on("end", () => {
        if (response.statusCode === 200) resolve(performance.now() - started);
        else reject(new Error(`${codec} ${operation} got status ${response.statusCode}`));
      });
    }).on("error", reject);
  });
}

async function untilUp(child, port) {
  for (let attempt = 0; attempt < 200 && child.exitCode === null; attempt++) {
    const isUp = await timeRequest(port, portable[0].name, "seal", 0).catch(() => false);
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the server does not respond (exit code ${child.exitCode})`);
}

/** Gives each codec a turn in every round, as `sideBySide` does. The time of a request for no calls is subtracted. */
async function timeFromOutside(port, { rounds, discarded, milliseconds }) {
  const turns = portable.flatMap(({ name }) =>
    ["seal", "open"].map((operation) => ({ name, operation, count: 8, samples: [] })),
  );
  for (let round = 0; round < rounds + 1; round++) {
    for (const turn of turns) {
      const idle = await timeRequest(port, turn.name, turn.operation, 0);
      const took = (await timeRequest(port, turn.name, turn.operation, turn.count)) - idle;
      if (round > discarded) turn.samples.push((took * 1000) / turn.count);
      // As many calls as fill the time; each discarded round improves this estimate.
      else turn.count = Math.ceil(Math.min(turn.count * 20, (milliseconds * turn.count) / Math.max(took, 0.1)));
    }
  }
  const figure = (name, operation) =>
    figureOf(turns.find((turn) => turn.name === name && turn.operation === operation).samples);
  return Object.fromEntries(portable.map(({ name }) => [name, sumOf(figure(name, "seal"), figure(name, "open"))]));
}
