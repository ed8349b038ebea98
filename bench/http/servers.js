// The processes that are asked: each ends with the one that started it, or when it is told to.
import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { buildNext, next } from "../../examples/next-build.js";
import { endWithUs } from "../lib/child.js";
import { freePort } from "../lib/free-port.js";

/** Milliseconds that a process may take to start. */
const PATIENCE = 20_000;

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** @typedef {{ cpu(): Promise<number>, stop(): void }} Server `cpu`: microseconds of processor time that it has used */

/** Rejects when a child ends, with what it said, or when it cannot be started. @returns {Promise<never>} */
async function untilEnded(child, name) {
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text) => {
    said = (said + text).slice(-2_000);
  });
  const [code] = await once(child, "exit");
  throw new Error(`${name} ended with ${code}: ${said.trim()}`);
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
 * Forks a module of this folder for each of its apps, which then tells where that app is. Processes of their own: each
 * Express app gives requests a prototype of its own, and several in one process would slow down each other's code.
 * @param {string} file @param {string[]} names of the apps @param {string[]} more arguments
 */
export function startServers(file, names, more = []) {
  const env = { ...process.env, NODE_ENV: "production" };
  return Promise.all(
    names.map(async (name) => {
      const child = endWithUs(fork(here(file), [name, ...more], { stdio: STDIO, env }));
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

/** @param {number} port @param {Promise<never>} ended rejects when there is nothing to wait for any more */
async function untilOpen(port, ended) {
  for (const started = Date.now(); Date.now() - started < PATIENCE; await setTimeout(25)) {
    if (await Promise.race([isOpen(port), ended])) return;
  }
  throw new Error(`nothing answers on port ${port}`);
}

/**
 * Builds the app in next-app and starts it.
 * @param {(baseUrl: string) => Record<string, string>} settingsOf what the app finds in its environment
 * @returns {Promise<Server & { baseUrl: string }>}
 */
export async function startNext(settingsOf) {
  await buildNext("../bench/next-app");
  const port = await freePort();
  const baseUrl = `http://127.0.0.1:${port}`;
  const { PATH, HOME } = process.env;
  const child = endWithUs(
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

/** A Redis server that keeps nothing, or undefined where none is installed. */
export async function startRedis() {
  const port = await freePort();
  const args = ["--save", "", "--appendonly", "no", "--port", `${port}`, "--bind", "127.0.0.1"];
  const child = endWithUs(spawn("redis-server", args, { stdio: "ignore" }));
  try {
    await untilOpen(port, untilEnded(child, "redis-server"));
    return { url: `redis://127.0.0.1:${port}`, stop: () => child.kill() };
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}
