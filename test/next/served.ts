import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";

/** Ours is what was packed, under its public names. */
const packed: Plugin = {
  name: "packed",
  setup({ onResolve }) {
    onResolve({ filter: /\/adapters\/edge\.js$/ }, () => ({ path: "latchkey/next", external: true }));
    onResolve({ filter: /\/adapters\/index\.js$/ }, () => ({ path: "latchkey", external: true }));
  },
};

/** Puts into an app what all adapters serve when their contract is tested. */
export async function addServed(folder: string): Promise<void> {
  await build({
    stdin: {
      contents: 'export * from "./routes.js"; export { respondTo, serveWith } from "./edge-app.js";',
      resolveDir: fileURLToPath(new URL("../support", import.meta.url)),
      loader: "ts",
    },
    outfile: join(folder, "lib/served.js"),
    bundle: true,
    format: "esm",
    target: "es2022",
    platform: "neutral",
    plugins: [packed],
  });
}
