import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));

/** Global setup: installs the providers that come from npm. Without a network their tests are skipped. */
export default function install(): void {
  if (existsSync(`${here}node_modules/.package-lock.json`)) return;
  try {
    execFileSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: here, stdio: "pipe" });
  } catch (error) {
    console.warn(`npm ci in test/interop failed: ${(error as { stderr?: Buffer }).stderr}`);
  }
}
