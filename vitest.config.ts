import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** Every test of the core runs against both engines, from source: a stale build is never what is tested. */
const withEngine = (name: "node" | "web") => {
  const engine = fileURLToPath(new URL(`./core/seal/aead.${name}.ts`, import.meta.url));
  return { alias: { "#aead": engine, "#bytes": engine } };
};

export default defineConfig({
  test: {
    // One file in a browser waits most of the time: the others go on beside it.
    maxWorkers: 2,
    projects: [
      { resolve: withEngine("node"), test: { name: "node", include: ["test/core/**/*.test.ts"], testTimeout: 60_000 } },
      { resolve: withEngine("web"), test: { name: "web", include: ["test/core/**/*.test.ts"], testTimeout: 60_000 } },
      // A realm without Buffer, process and eval, whose promises and arrays are not those of Node.
      {
        resolve: withEngine("web"),
        test: {
          name: "edge",
          environment: "edge-runtime",
          include: ["test/core/{seal/**/*,session/sessions}.test.ts"],
          testTimeout: 60_000,
        },
      },
      {
        resolve: withEngine("node"),
        test: {
          name: "adapters",
          include: ["test/{adapters,security,conformance,e2e,repository}/**/*.test.ts"],
          globalSetup: ["test/e2e/build.ts"],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
