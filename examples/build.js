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

/**
 * Builds the package if its build is missing or older than its source: the examples import it by its name, as an app does.
 * @param {{ types?: boolean }} [options] `types: false` leaves out the declarations, which take a minute and which JavaScript does not need
 */
export async function buildIfNeeded({ types = true } = {}) {
  const sourceTime = Math.max(...["core", "adapters", "tsup.config.ts", "package.json"].map(lastWritten));
  const outputs = ["dist/express.js", ...(types ? ["dist/express.d.ts", "dist/express.d.cts"] : [])];
  if (outputs.every((path) => lastWritten(path) >= sourceTime)) return;
  const command = types ? ["npm", "run", "build"] : ["npx", "tsup", "--no-dts"];
  console.log(`  Building the package: ${command.join(" ")}`);
  await promisify(execFile)(command[0], command.slice(1), { cwd: root });
}
