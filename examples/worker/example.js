import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url));

/** Bundles the worker as wrangler does, and runs it on workerd, the runtime of Cloudflare Workers. @type {import("../start.js").Example} */
export default {
  runsOn: "workerd, the runtime of Cloudflare Workers",
  port: 3001,
  async command({ port, temporary }) {
    await build({
      entryPoints: [here("worker.js")],
      outfile: join(temporary, "worker.js"),
      bundle: true,
      format: "esm",
      target: "es2022",
      conditions: ["workerd", "worker", "browser"],
      external: ["cloudflare:*"],
      // esbuild says so of a package outside of node_modules, as this one is here.
      logOverride: { "ignored-bare-import": "silent" },
    });
    const config = join(temporary, "config.capnp");
    copyFileSync(here("config.capnp"), config);
    return ["workerd", "serve", config, `--socket-addr=http=127.0.0.1:${port}`];
  },
};
