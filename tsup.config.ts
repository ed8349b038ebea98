import { defineConfig } from "tsup";

const entries = {
  index: "adapters/index.ts",
  express: "adapters/express.ts",
  testing: "adapters/testing/index.ts",
};

export default defineConfig({
  entry: {
    ...entries,
    cli: "adapters/cli.ts",
    "engines/node": "core/seal/aead.node.ts",
    "engines/web": "core/seal/aead.web.ts",
  },
  tsconfig: "adapters/tsconfig.json",
  format: ["esm", "cjs"],
  target: "es2022",
  clean: true,
  // "#aead" stays in the output: the conditions of package.json choose the engine where the package runs.
  external: [/^#/],
  removeNodeProtocol: false,
  dts: { entry: entries, compilerOptions: { ignoreDeprecations: "6.0" } },
});
