import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:http";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";

/** The path of a program from the development dependencies. */
export const bin = (name: string): string => fileURLToPath(new URL(`../../node_modules/.bin/${name}`, import.meta.url));

/**
 * A port that no server listens on. It is below those that systems give to servers which ask for any port, so that no such server
 * takes it before the test's own server does.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false)).listen(port, "127.0.0.1", () => resolve(true));
    });
    await new Promise((resolve) => server.close(resolve));
    if (isFree) return port;
  }
}

/** Whether a server listens on the port. */
const isUp = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1")
      .setTimeout(1000, () => socket.destroy())
      .on("connect", () => socket.destroy(resolve(true) as undefined))
      .on("close", () => resolve(false))
      .on("error", () => resolve(false));
  });

/** Starts a server and waits up to ten seconds until it listens. Throws with the server's error output if it ends before. */
export async function startServer(
  [command, args]: readonly [command: string, args: readonly string[]],
  port: number,
  variables: Record<string, string>,
  cwd?: string,
): Promise<ChildProcess> {
  const env: Record<string, string | undefined> = {
    PATH: process.env["PATH"],
    HOME: process.env["HOME"],
    ...variables,
  };
  const child = spawn(command, args, { env: env as NodeJS.ProcessEnv, cwd, stdio: ["ignore", "ignore", "pipe"] });
  let output = "";
  child.stderr.on("data", (text) => {
    output += text;
  });
  for (let attempt = 0; attempt < 200 && child.exitCode === null; attempt++) {
    if (await isUp(port)) return child;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  child.kill();
  throw new Error(`nothing listens on ${port} (exit code ${child.exitCode}): ${output}`);
}
