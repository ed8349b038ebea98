import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

export const BENCH = fileURLToPath(new URL("../../", import.meta.url));

/** What an app brings along itself, whichever library it uses; and what is not JavaScript. */
const FRAMEWORKS = ["express", "fastify", "next", "react", "react-dom", "sodium-native"];

const KINDS = {
  edge: { platform: "browser", conditions: ["workerd", "worker", "browser"] },
  node: { platform: "node" },
  page: { platform: "browser" },
};

/**
 * An ES module with everything it needs, as it would be deployed.
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

/** KiB of a library, minified and gzipped. */
export async function sizeOf(library) {
  return gzipSync(await bundle(library), { level: 9 }).length / 1024;
}
