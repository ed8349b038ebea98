import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, lstatSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Installs the peers, unless the versions of the lock file are installed already. */
export function install() {
  const folder = new URL("../", import.meta.url);
  const wanted = createHash("sha256")
    .update(readFileSync(new URL("package-lock.json", folder)))
    .digest("hex");
  const stamp = new URL("node_modules/.lock-installed", folder);
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  // If node_modules is a link, npm would empty the folder behind it.
  if (lstatSync(new URL("node_modules", folder), { throwIfNoEntry: false })?.isSymbolicLink()) return;
  const { status } = spawnSync("npm", ["ci", "--no-audit", "--no-fund"], {
    cwd: fileURLToPath(folder),
    stdio: "inherit",
  });
  if (status !== 0) {
    console.error("The peers could not be installed; npm's error is above. Nothing was measured.");
    process.exit(2);
  }
  writeFileSync(stamp, wanted);
}
