import { realpathSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

const here = (path) => realpathSync(fileURLToPath(new URL(path, import.meta.url)));

/** The root folder for Turbopack, which reads nothing outside of it; it also contains the targets of linked modules. */
function root() {
  const folders = ["../..", "../node_modules", "../../node_modules"].map(here);
  let shared = folders[0];
  while (!folders.every((folder) => `${folder}/`.startsWith(shared === "/" ? shared : `${shared}/`))) {
    shared = dirname(shared);
  }
  return shared;
}

export default { turbopack: { root: root() } };
