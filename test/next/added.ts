import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";
import { filesOf, toJavaScript } from "../support/documents.js";

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

/** Puts into an app the files that the documents show for these tests, without their types: the app has no TypeScript. */
export function addDocumented(folder: string, ...tests: readonly string[]): void {
  for (const { path, code } of tests.flatMap((test) => filesOf(test))) {
    const file = join(folder, path.replace(/\.tsx?$/, ".js"));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, toJavaScript(code));
  }
  // The documents leave the layout to create-next-app.
  mkdirSync(join(folder, "app"), { recursive: true });
  writeFileSync(
    join(folder, "app/layout.js"),
    'export default ({ children }) => <html lang="en"><body>{children}</body></html>;\n',
  );
}
