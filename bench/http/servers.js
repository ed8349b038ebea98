// The server processes; each ends with its parent, or when it is stopped.
import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { buildNext, next } from "../../examples/next-build.js";
import { endWithParent } from "../lib/child.js";
import { freePort } from "../lib/free-port.js";

/** The longest time for a process to start, in milliseconds. */
const START_TIMEOUT = 20_000;

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** @typedef {{ cpu(): Promise<number>, stop(): void }} Server `cpu`: the processor time it has used, in microseconds */

/** Rejects when a child ends, with its error output, or when it cannot be started. @returns {Promise<never>} */
async function untilEnded(child, name) {
  let output = "";
  child.stderr?.setEncoding("utf8").on("data", (text) => {
    output = (output + text).slice(-2_000);
  });
  const [code] = await once(child, "exit");
  throw new Error(`${name} ended with ${code}: ${output.trim()}`);
}

const messageOf = async (child) => (await once(child, "message"))[0];

/** @param {import("node:child_process").ChildProcess} child in which cpu.js was loaded @returns {Server} */
const serverOf = (child) => ({
  async cpu() {
    child.send("cpu");
    const { user, system } = await messageOf(child);
    return user + system;
  },
  stop: () => child.kill(),
});

const STDIO = ["ignore", "ignore", "pipe", "ipc"];

/**
 * Forks a module of this folder for each of its apps; the module reports the app's port. Separate processes are needed: each
 * Express app gives its requests a prototype of their own, so several apps in one process would slow each other down.
 * @param {string} file @param {string[]} names of the apps @param {string[]} more arguments
 */
export function startServers(file, names, more = []) {
  const env = { ...process.env, NODE_ENV: "production" };
  return Promise.all(
    names.map(async (name) => {
      const child = endWithParent(fork(here(file), [name, ...more], { stdio: STDIO, env }));
      const server = serverOf(child);
      return { ...(await Promise.race([messageOf(child), untilEnded(child, `${file} ${name}`)])), server };
    }),
  );
}

/** Whether something listens on a port of this machine. */
const isOpen = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    }).on("error", () => resolve(false));
  });

/** @param {number} port @param {Promise<never>} ended rejects when waiting is pointless */
async function untilOpen(port, ended) {
  for (const started = Date.now(); Date.now() - started < START_TIMEOUT; await setTimeout(25)) {
    if (await Promise.race([isOpen(port), ended])) return;
  }
  throw new Error(`no server listens on port ${port}`);
}

/**
 * Builds the app in next-app and starts it.
 * @param {(baseUrl: string) => Record<string, string>} settingsOf the app's environment variables
 * @returns {Promise<Server & { baseUrl: string }>}
 */
export async function startNext(settingsOf) {
  await buildNext("../bench/next-app");
  const port = await freePort();
  const baseUrl = `http://127.0.0.1:${port}`;
  const { PATH, HOME } = process.env;
  const child = endWithParent(
    fork(next, ["start", here("../next-app"), "-H", "127.0.0.1", "-p", `${port}`], {
      stdio: STDIO,
      execArgv: ["--import", new URL("cpu.js", import.meta.url).href],
      env: { PATH, HOME, NEXT_TELEMETRY_DISABLED: "1", NODE_ENV: "production", ...settingsOf(baseUrl) },
    }),
  );
  const server = serverOf(child);
  await untilOpen(port, untilEnded(child, "next start"));
  return { ...server, baseUrl };
}

/** Starts a Redis server without persistence; undefined if none is installed. */
export async function startRedis() {
  const port = await freePort();
  const args = ["--save", "", "--appendonly", "no", "--port", `${port}`, "--bind", "127.0.0.1"];
  const child = endWithParent(spawn("redis-server", args, { stdio: "ignore" }));
  try {
    await untilOpen(port, untilEnded(child, "redis-server"));
    return { url: `redis://127.0.0.1:${port}`, stop: () => child.kill() };
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}
