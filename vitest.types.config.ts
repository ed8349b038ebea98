import { defineConfig } from "vitest/config";

/** The declarations of the built package, checked by compilers from TypeScript 5.0 on: `npm run test:types`. */
export default defineConfig({
  test: {
    globalSetup: ["test/e2e/build.ts"],
    include: ["test/types/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 600_000,
  },
});
