import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Example {
  /** The URL that the example prints when it is ready. */
  readonly address: string;
  /** Ends the example as Ctrl-C does. */
  stop(): Promise<void>;
}

/** Starts an example as `npm run example -- <name>` does, and builds the package first if the example needs it. */
export function startExample(...args: string[]): Promise<Example> {
  const stdio = ["ignore", "pipe", "pipe"] as const;
  const child = spawn(process.execPath, ["examples/start.js", ...args], { cwd: root, stdio: [...stdio] });
  let output = "";
  const stop = async () => {
    if (child.exitCode !== null) return;
    child.kill("SIGINT");
    await new Promise((resolve) => child.once("close", resolve));
  };
  return new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (part) => {
        output += part;
        const [, address] = /: (http:\/\/(?:localhost|127\.0\.0\.1):\d+)\n/.exec(output) ?? [];
        if (address) resolve({ address, stop });
      });
    child.once("close", () => reject(new Error(`the example did not start: ${output}`)));
  });
}
