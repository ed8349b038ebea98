import { realpathSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

const here = (path) => realpathSync(fileURLToPath(new URL(path, import.meta.url)));

/** The folder that holds all that is built: Turbopack reads nothing outside, and modules may be linked to. */
function root() {
  const folders = ["../..", "../node_modules", "../../node_modules"].map(here);
  let shared = folders[0];
  while (!folders.every((folder) => `${folder}/`.startsWith(shared === "/" ? shared : `${shared}/`))) {
    shared = dirname(shared);
  }
  return shared;
}

export default { turbopack: { root: root() } };
