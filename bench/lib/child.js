import { fork } from "node:child_process";

/** The longest time to wait for the result of a message, in milliseconds. */
const TIMEOUT = 20_000;

const running = new Set();
process.once("exit", () => {
  for (const child of running) child.kill();
});

/**
 * Ends a child when this process ends: for a child without an IPC channel, which would not notice.
 * @template {import("node:child_process").ChildProcess} Child
 * @param {Child} child
 * @returns {Child}
 */
export function endWithParent(child) {
  running.add(child);
  return child.once("exit", () => running.delete(child));
}

/**
 * Starts a module in its own process, which then handles messages, one at a time.
 * @param {URL} module a module that calls `handleMessages`
 * @param {unknown} setup the first message to the module
 * @param {Record<string, string>} [env]
 */
export async function startChild(module, setup, env = {}) {
  const child = fork(module, { env: { ...process.env, ...env }, stdio: ["ignore", "ignore", "pipe", "ipc"] });
  let output = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    output = (output + text).slice(-2_000);
  });
  const send = (message) =>
    new Promise((resolve, reject) => {
      const settle = (act, value) => {
        clearTimeout(timer);
        child.off("message", onMessage).off("exit", onExit);
        act(value);
      };
      const onMessage = ({ result, error }) => settle(error ? reject : resolve, error ? new Error(error) : result);
      const onExit = (code) => settle(reject, new Error(`ended with ${code}: ${output.trim().split("\n").at(-1)}`));
      const timer = setTimeout(() => settle(reject, new Error(`no result within ${TIMEOUT / 1000} s`)), TIMEOUT);
      child.on("message", onMessage).on("exit", onExit);
      child.send({ message }, (error) => error && settle(reject, error));
    });
  const stop = () => child.kill();
  try {
    return { ready: await send(setup), send, stop };
  } catch (error) {
    stop();
    throw error;
  }
}

/**
 * The counterpart of `startChild`, in the child. The child ends when its parent ends.
 * @param {(setup: any) => Promise<{ ready: unknown, handle?: (message: any) => unknown }>} start
 */
export function handleMessages(start) {
  let started;
  process.on("message", async ({ message }) => {
    try {
      if (started) return process.send({ result: await started.handle(message) });
      started = await start(message);
      return process.send({ result: started.ready });
    } catch (error) {
      return process.send({ error: error instanceof Error ? error.message : `${error}` });
    }
  });
  process.on("disconnect", () => process.exit());
}
