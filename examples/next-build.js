import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** Next's command-line program. */
export const next = fileURLToPath(new URL("../node_modules/next/dist/bin/next", import.meta.url));

/**
 * Builds an example with Next. `variables` are those that the build puts into pages; latchkey needs no variables at build time.
 * @param {string} name @param {Record<string, string>} [variables]
 */
export async function buildNext(name, variables = {}) {
  const folder = fileURLToPath(new URL(name, import.meta.url));
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, NEXT_TELEMETRY_DISABLED: "1", ...variables };
  await promisify(execFile)(process.execPath, [next, "build", folder], { env });
}
