import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { fileURLToPath } from "node:url";

/** A program that this package has as a development dependency. */
export const bin = (name: string): string => fileURLToPath(new URL(`../../node_modules/.bin/${name}`, import.meta.url));

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Whether somebody listens there. */
const isUp = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1")
      .setTimeout(1000, () => socket.destroy())
      .on("connect", () => socket.destroy(resolve(true) as undefined))
      .on("close", () => resolve(false))
      .on("error", () => resolve(false));
  });

/** Starts a server and waits until it listens, ten seconds at most; where it ends before, its last words are thrown. */
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
  let said = "";
  child.stderr.on("data", (text) => {
    said += text;
  });
  for (let attempt = 0; attempt < 200 && child.exitCode === null; attempt++) {
    if (await isUp(port)) return child;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  child.kill();
  throw new Error(`nothing listens on ${port} (exit code ${child.exitCode}): ${said}`);
}
