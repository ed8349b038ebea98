import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

export const BENCH = fileURLToPath(new URL("../../", import.meta.url));

/** Packages that the app itself provides, and imports that are not JavaScript. */
const FRAMEWORKS = ["express", "fastify", "next", "react", "react-dom", "sodium-native"];

const KINDS = {
  edge: { platform: "browser", conditions: ["workerd", "worker", "browser"] },
  node: { platform: "node" },
  page: { platform: "browser" },
};

/**
 * Bundles an ES module with its dependencies, as an app would deploy it.
 * @param {{ code: string, runs: "edge" | "node" | "page" }} module
 * @returns {Promise<Buffer>} minified
 */
export async function bundle({ code, runs }) {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: BENCH },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2022",
    external: FRAMEWORKS,
    define: { "process.env.NODE_ENV": '"production"' },
    logLevel: "silent",
    ...KINDS[runs],
  });
  return Buffer.from(outputFiles[0].contents);
}

/** The size of a library in KiB, minified and gzipped. */
export async function sizeOf(library) {
  return gzipSync(await bundle(library), { level: 9 }).length / 1024;
}
