import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { fileURLToPath } from "node:url";

/** The path of a program from the development dependencies. */
export const bin = (name: string): string => fileURLToPath(new URL(`../../node_modules/.bin/${name}`, import.meta.url));

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
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
