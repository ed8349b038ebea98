import { execFile } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** When the youngest file below a folder was written, or a file itself; 0 where there is none. */
function youngest(path: string): number {
  const stats = statSync(join(root, path), { throwIfNoEntry: false });
  if (!stats?.isDirectory()) return stats?.mtimeMs ?? 0;
  return Math.max(0, ...readdirSync(join(root, path)).map((name) => youngest(join(path, name))));
}

/**
 * Global setup: the demo imports the package by its name, as a user's app does, so it runs what was built. Builds it where
 * that is missing or older than its source: a stale build is never what is tested.
 */
export default async function build(): Promise<void> {
  const sources = Math.max(...["core", "adapters", "tsup.config.ts", "package.json"].map(youngest));
  if (youngest("dist/express.js") >= sources) return;
  await promisify(execFile)("npm", ["run", "build"], { cwd: root });
}
