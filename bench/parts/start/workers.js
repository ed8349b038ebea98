import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import workerd from "workerd"; // CommonJS, whose default export is the path of the program
import { endWithParent } from "../../lib/child.js";
import { figureOf } from "../../lib/measure.js";
import { workerdConfig } from "../../lib/workerd.js";
import { user } from "../../reference.js";
import { bundle } from "./bundle.js";
import * as cookies from "./cookies.js";

const WORKERS = [
  { name: "latchkey/edge", ours: true, file: "latchkey-edge", cookie: cookies.latchkeyEdge },
  { name: "latchkey, sessions alone", file: "latchkey-sessions", cookie: cookies.latchkeySessions },
  { name: "an empty worker", file: "empty", cookie: () => "", note: "no session: the time of workerd itself" },
  { name: "iron-session", file: "iron-session", cookie: cookies.ironSession },
  { name: "@auth/core", file: "auth-core", cookie: cookies.authCore, note: "`Auth()` at `/session`" },
  { name: "@auth/core/jwt", file: "auth-core-jwt", cookie: cookies.authCore, note: "`getToken()` alone" },
  { name: "jose by hand", file: "jose", cookie: cookies.jose, note: "as @auth0/nextjs-auth0 opens its cookie" },
];

/** The longest time to wait for a worker's response, in milliseconds. */
const DEADLINE = 10_000;

/** Bundles a worker into a new folder. */
async function prepare({ file, cookie }) {
  const code = `export { default } from "./parts/start/workers/${file}.js";`;
  const script = await bundle({ code, runs: "edge" });
  const folder = mkdtempSync(join(tmpdir(), "latchkey-bench-"));
  writeFileSync(join(folder, "worker.mjs"), script);
  writeFileSync(join(folder, "config.capnp"), workerdConfig(0));
  return { folder, bytes: script.length, cookie: await cookie(), samples: [] };
}

/** The response to one request. */
function get(port, cookie) {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: "127.0.0.1", port, headers: { host: "app.example", cookie }, agent: false });
    outgoing.on("error", reject).on("response", async (response) => {
      const body = Buffer.concat(await response.toArray()).toString();
      resolve({ status: response.statusCode, body });
    });
    outgoing.end();
  });
}

/** The milliseconds from the start of a new workerd to the first response, which is made from the session. */
async function timeFirstResponse({ folder, cookie }) {
  const started = performance.now();
  // workerd reports its port on this file descriptor.
  const child = endWithParent(
    spawn(workerd.default, ["serve", "--control-fd=3", join(folder, "config.capnp")], {
      stdio: ["ignore", "ignore", "pipe", "pipe"],
    }),
  );
  let output = "";
  child.stderr.on("data", (text) => {
    output += text;
  });
  const deadline = setTimeout(() => child.kill(), DEADLINE);
  const ended = new Promise((resolve) => child.on("exit", resolve).on("error", resolve));
  try {
    for await (const line of createInterface({ input: child.stdio[3] })) {
      const { event, port } = JSON.parse(line);
      if (event !== "listen") continue;
      const { status, body } = await get(port, cookie);
      if (status !== 200 || body !== user.sub) throw new Error(`${status} ${body} ${output}`);
      return performance.now() - started;
    }
    throw new Error(`workerd ended: ${output}`);
  } finally {
    clearTimeout(deadline);
    child.kill();
    await ended;
  }
}

/**
 * Starts every worker once in each round.
 * @returns {Promise<{ rows: object[], skipped: string[] }>}
 */
export async function timeWorkers(rounds) {
  const prepared = new Map();
  const skipped = [];
  const attempt = async (worker, act) => {
    try {
      await act();
    } catch (error) {
      prepared.delete(worker);
      skipped.push(`${worker.name} in workerd: ${error.message}`);
    }
  };
  const folders = [];
  try {
    for (const worker of WORKERS) {
      await attempt(worker, async () => {
        const preparation = await prepare(worker);
        folders.push(preparation.folder);
        prepared.set(worker, preparation);
      });
    }
    for (let round = 0; round <= rounds; round++) {
      for (const [worker, preparation] of [...prepared]) {
        await attempt(worker, async () => {
          const sample = await timeFirstResponse(preparation);
          if (round > 0) preparation.samples.push(sample);
        });
      }
    }
  } finally {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  }
  const rows = [...prepared].map(([{ name, ours, note }, { bytes, samples }]) => ({
    name,
    ours,
    note,
    script: bytes / 1024,
    time: figureOf(samples),
  }));
  return { rows, skipped };
}
