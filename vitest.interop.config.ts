import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const engine = fileURLToPath(new URL("./core/seal/aead.node.ts", import.meta.url));

/** Sign-in at OpenID Providers that others wrote: `npm run test:interop`. */
export default defineConfig({
  resolve: { alias: { "#aead": engine, "#bytes": engine } },
  test: {
    include: ["test/interop/*.test.ts"],
    globalSetup: ["test/interop/install.ts", "test/support/chromium.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 15_000 } },
    // More than the cores of a small machine: most of the time a test waits for a page.
    maxWorkers: 3,
  },
});
