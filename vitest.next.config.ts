import { defineConfig } from "vitest/config";

/** The Next adapter as it would be published, in apps that the real Next has built: `npm run test:next`. */
export default defineConfig({
  test: {
    include: ["test/next/**/*.test.ts"],
    globalSetup: ["test/next/build.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
});
