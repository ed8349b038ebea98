import { execFile } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("..", import.meta.url));

/** When the youngest file below a folder was written, or a file itself; 0 where there is none. @param {string} path @returns {number} */
function youngest(path) {
  const stats = statSync(join(root, path), { throwIfNoEntry: false });
  if (!stats?.isDirectory()) return stats?.mtimeMs ?? 0;
  return Math.max(0, ...readdirSync(join(root, path)).map((name) => youngest(join(path, name))));
}

/** Examples import the package by its name, as a user's app does: builds it where that is missing or older than its source. */
export async function buildIfNeeded() {
  const sources = Math.max(...["core", "adapters", "tsup.config.ts", "package.json"].map(youngest));
  if (youngest("dist/express.js") >= sources) return;
  await promisify(execFile)("npm", ["run", "build"], { cwd: root });
}
