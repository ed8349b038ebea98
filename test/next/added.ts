import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
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

/** Puts into an app the files that the README shows behind `<!-- test: name -->`; the first line of each says where it goes. */
export function addReadme(folder: string, ...names: readonly string[]): void {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  for (const name of names) {
    const shown = [
      ...readme.matchAll(new RegExp(`<!-- test: ${name} -->\\n\`\`\`js\\n// (\\S+)\\n([^]*?)\`\`\``, "g")),
    ];
    if (shown.length === 0) throw new Error(`the README shows no files of ${name}`);
    for (const [, path = "", code = ""] of shown) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), code);
    }
  }
  // What the README leaves to Next, which would write it by itself.
  mkdirSync(join(folder, "app"), { recursive: true });
  writeFileSync(
    join(folder, "app/layout.js"),
    'export default ({ children }) => <html lang="en"><body>{children}</body></html>;\n',
  );
}
