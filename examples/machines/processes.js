import { spawn } from "node:child_process";
import { connect } from "node:net";
import { close, listen } from "../demo/listen.js";

/** The processes that `startProgram` started. */
const children = new Set();
// If one of them does not start, this process ends with an error: the others must not outlive it.
process.once("exit", () => {
  for (const child of children) child.kill();
});

export async function freePort() {
  const { server, origin } = await listen("127.0.0.1", 0);
  await close(server);
  return Number(new URL(origin).port);
}

const isUp = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => resolve(true)).on("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });

/** Starts a program, and waits until it listens on the port. */
export async function startProgram(port, [program, ...args], variables = {}) {
  const child = spawn(program, args, {
    cwd: import.meta.dirname,
    env: { ...process.env, PORT: `${port}`, ...variables },
    stdio: ["ignore", "ignore", "inherit"],
  });
  children.add(child);
  while (!(await isUp(port))) {
    if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Ends all programs, and waits until they have ended. */
export async function stopPrograms() {
  await Promise.all(
    [...children].map((child) => {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill();
      return child.exitCode === null && child.signalCode === null ? ended : undefined;
    }),
  );
}
