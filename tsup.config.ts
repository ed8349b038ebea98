import { defineConfig, type Options } from "tsup";

const entries = {
  index: "adapters/index.ts",
  express: "adapters/express.ts",
  node: "adapters/node.ts",
  edge: "adapters/edge.ts",
  next: "adapters/next/index.ts",
  providers: "adapters/providers/index.ts",
  redis: "adapters/stores/redis.ts",
  postgres: "adapters/stores/postgres.ts",
  "durable-objects": "adapters/stores/durable-objects.ts",
  "deno-kv": "adapters/stores/deno-kv.ts",
  dpop: "adapters/dpop.ts",
  testing: "adapters/testing/index.ts",
};

const pages = {
  browser: "adapters/browser/index.ts",
  // Its first line, "use client", stays only as long as `treeshake` is off.
  react: "adapters/react/index.ts",
};

/** Servers load none of these: what they share with the entries is not cut out of what servers load. */
const tools = { check: "adapters/check/index.ts" };

const shared: Options = {
  tsconfig: "adapters/tsconfig.json",
  target: "es2022",
  // "#aead" and "#bytes" stay in the output: the conditions of package.json choose the engine where the package runs.
  external: [/^#/],
  removeNodeProtocol: false,
};

const engines = {
  "engines/node": "core/seal/aead.node.ts",
  "engines/web": "core/seal/aead.web.ts",
  "engines/page": "adapters/browser/bytes.ts",
};

/** Paths are taken from this folder here. */
const dtsOptions = {
  ignoreDeprecations: "6.0",
  paths: { "#aead": ["./core/seal/aead.d.ts"], "#bytes": ["./core/seal/aead.d.ts"] },
};

/**
 * Each entry's declarations load those of `latchkey`, where an app registers its types: the compiler looks for an augmented module
 * among the files that a program has, and loads none for it.
 */
const declarations = { entry: { ...entries, ...pages, ...tools }, compilerOptions: dtsOptions };

export default defineConfig([
  {
    ...shared,
    entry: { ...entries, ...engines },
    format: "esm",
    dts: { ...declarations, banner: 'import "./index.js";' },
  },
  {
    ...shared,
    entry: { ...entries, ...engines },
    format: "cjs",
    // jose is ES modules alone, which `require` takes from Node 20.19 on only.
    noExternal: ["jose"],
    dts: { ...declarations, banner: 'import "./index.cjs";' },
  },
  // For pages: what they share with each other is not cut out of what servers load.
  { ...shared, entry: pages, format: ["esm", "cjs"] },
  { ...shared, entry: tools, format: ["esm", "cjs"] },
  { ...shared, entry: { cli: "adapters/cli/index.ts" }, format: "esm" },
  // For bundles of pages: it has the types of `next`, and shares no file with the others, which would be one more to load.
  { ...shared, entry: { "next.browser": "adapters/next/browser.ts" }, format: ["esm", "cjs"] },
]);
