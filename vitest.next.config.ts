import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const engine = fileURLToPath(new URL("./core/seal/aead.node.ts", import.meta.url));

/** The Next adapter as it would be published, in apps that the real Next has built: `npm run test:next`. */
export default defineConfig({
  // The provider of the tests is made from source.
  resolve: { alias: { "#aead": engine, "#bytes": engine } },
  test: {
    include: ["test/next/**/*.test.ts"],
    globalSetup: ["test/next/build.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 15_000 } },
    // Many of these tests wait: for a token to be due, for a browser.
    maxWorkers: 3,
  },
});
