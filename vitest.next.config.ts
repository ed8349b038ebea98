import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const engine = fileURLToPath(new URL("./core/seal/aead.node.ts", import.meta.url));

/** The Next adapter as it is published, in apps that Next itself builds: `npm run test:next`. */
export default defineConfig({
  // The test provider runs from source.
  resolve: { alias: { "#aead": engine, "#bytes": engine } },
  test: {
    include: ["test/next/**/*.test.ts"],
    globalSetup: ["test/next/build.ts", "test/support/chromium.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 15_000 } },
    // More than the cores of a small machine: many of these tests wait for a token to be due, or for a browser.
    maxWorkers: 3,
  },
});
