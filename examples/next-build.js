import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** Next's own program. */
export const next = fileURLToPath(new URL("../node_modules/next/dist/bin/next", import.meta.url));

/** Builds an example with Next, without any of its variables: a build needs none. @param {string} name */
export async function buildNext(name) {
  const folder = fileURLToPath(new URL(name, import.meta.url));
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, NEXT_TELEMETRY_DISABLED: "1" };
  await promisify(execFile)(process.execPath, [next, "build", folder], { env });
}
