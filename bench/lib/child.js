import { fork } from "node:child_process";

/** Milliseconds that an answer may take. */
const PATIENCE = 20_000;

const running = new Set();
process.once("exit", () => {
  for (const child of running) child.kill();
});

/**
 * What is still running when this process ends goes with it: for children without a channel, which do not see that.
 * @template {import("node:child_process").ChildProcess} Child
 * @param {Child} child
 * @returns {Child}
 */
export function endWithUs(child) {
  running.add(child);
  return child.once("exit", () => running.delete(child));
}

/**
 * Starts a module as a process of its own, which then answers questions, one at a time.
 * @param {URL} module which calls `answerQuestions`
 * @param {unknown} setup what it is told first
 * @param {Record<string, string>} [env]
 */
export async function startChild(module, setup, env = {}) {
  const child = fork(module, { env: { ...process.env, ...env }, stdio: ["ignore", "ignore", "pipe", "ipc"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    said = (said + text).slice(-2_000);
  });
  const ask = (question) =>
    new Promise((resolve, reject) => {
      const settle = (act, value) => {
        clearTimeout(timer);
        child.off("message", onMessage).off("exit", onExit);
        act(value);
      };
      const onMessage = ({ answer, error }) => settle(error ? reject : resolve, error ? new Error(error) : answer);
      const onExit = (code) => settle(reject, new Error(`ended with ${code}: ${said.trim().split("\n").at(-1)}`));
      const timer = setTimeout(() => settle(reject, new Error(`no answer within ${PATIENCE / 1000} s`)), PATIENCE);
      child.on("message", onMessage).on("exit", onExit);
      child.send({ question }, (error) => error && settle(reject, error));
    });
  const stop = () => child.kill();
  try {
    return { ready: await ask(setup), ask, stop };
  } catch (error) {
    stop();
    throw error;
  }
}

/**
 * The other side of `startChild`. The process ends with the one that started it.
 * @param {(setup: any) => Promise<{ ready: unknown, answer?: (question: any) => unknown }>} start
 */
export function answerQuestions(start) {
  let started;
  process.on("message", async ({ question }) => {
    try {
      if (started) return process.send({ answer: await started.answer(question) });
      started = await start(question);
      return process.send({ answer: started.ready });
    } catch (error) {
      return process.send({ error: error instanceof Error ? error.message : `${error}` });
    }
  });
  process.on("disconnect", () => process.exit());
}
