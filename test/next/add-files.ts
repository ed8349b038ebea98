import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build, type Plugin } from "esbuild";
import { filesOf, toJavaScript } from "../support/documents.js";

/** Replaces imports of the source by the packed package, under its public names. */
const packed: Plugin = {
  name: "packed",
  setup({ onResolve }) {
    onResolve({ filter: /\/adapters\/edge\.js$/ }, () => ({ path: "latchkey/next", external: true }));
    onResolve({ filter: /\/adapters\/index\.js$/ }, () => ({ path: "latchkey", external: true }));
  },
};

/** Bundles the routes of the contract's test app into an app's folder. */
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

/** Writes the files that the documents show for these tests into an app, as JavaScript: the app has no TypeScript. */
export function addDocumented(folder: string, ...tests: readonly string[]): void {
  for (const { path, code } of tests.flatMap((test) => filesOf(test))) {
    const file = join(folder, path.replace(/\.tsx?$/, ".js"));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, toJavaScript(code));
  }
  // The documents leave the alias and the layout to create-next-app.
  writeFileSync(join(folder, "jsconfig.json"), '{ "compilerOptions": { "paths": { "@/*": ["./*"] } } }\n');
  addLayout(folder);
}

/** Runs `latchkey init` in an app, which has a layout and no variables of its own. */
export async function addInitialized(folder: string, runtime: "next-app" | "next-pages"): Promise<void> {
  const cli = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));
  if (runtime === "next-app") addLayout(folder);
  await promisify(execFile)(process.execPath, [cli, "init", "--yes", "--js", "--runtime", runtime], { cwd: folder });
}

function addLayout(folder: string): void {
  mkdirSync(join(folder, "app"), { recursive: true });
  writeFileSync(
    join(folder, "app/layout.js"),
    'export default ({ children }) => <html lang="en"><body>{children}</body></html>;\n',
  );
}
