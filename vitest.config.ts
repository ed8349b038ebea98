import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** Every test of the core runs against both engines, from source: a stale build is never what is tested. */
const withEngine = (name: "node" | "web") => {
  const engine = fileURLToPath(new URL(`./core/seal/aead.${name}.ts`, import.meta.url));
  return { alias: { "#aead": engine, "#bytes": engine } };
};

/** Nothing in the core is kept between calls but by what a test makes: a process serves many files. */
const core = { include: ["test/core/**/*.test.ts"], testTimeout: 60_000, hookTimeout: 120_000, isolate: false };

export default defineConfig({
  test: {
    // A file in a browser waits most of the time: the others go on beside it.
    maxWorkers: 3,
    projects: [
      { resolve: withEngine("node"), test: { ...core, name: "node" } },
      { resolve: withEngine("web"), test: { ...core, name: "web" } },
      // A realm without Buffer, process and eval, whose promises and arrays are not those of Node.
      {
        resolve: withEngine("web"),
        test: {
          ...core,
          name: "edge",
          environment: "edge-runtime",
          include: ["test/core/{seal/**/*,session/sessions}.test.ts"],
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
          // What is waited for comes in the end: how quick a machine is, is not what is asked.
          expect: { poll: { timeout: 15_000 } },
        },
      },
    ],
  },
});
