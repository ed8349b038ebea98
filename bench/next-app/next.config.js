import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** `latchkey` is a link to this repository's root, which Next follows no further than here. */
export default { turbopack: { root }, outputFileTracingRoot: root };
