import { execFile } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("..", import.meta.url));

/** When a file, or the newest file in a folder, was last written; 0 if it does not exist. @param {string} path @returns {number} */
function lastWritten(path) {
  const stats = statSync(join(root, path), { throwIfNoEntry: false });
  if (!stats?.isDirectory()) return stats?.mtimeMs ?? 0;
  return Math.max(0, ...readdirSync(join(root, path)).map((name) => lastWritten(join(path, name))));
}

/** Builds the package if its build is missing or older than its source: the examples import it by its name, as an app does. */
export async function buildIfNeeded() {
  const sourceTime = Math.max(...["core", "adapters", "tsup.config.ts", "package.json"].map(lastWritten));
  if (lastWritten("dist/express.js") >= sourceTime) return;
  await promisify(execFile)("npm", ["run", "build"], { cwd: root });
}
