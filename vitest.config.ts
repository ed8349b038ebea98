import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** The core and the adapters run from source, with the engine that the project names. */
const withEngine = (name: "node" | "web") => {
  const engine = fileURLToPath(new URL(`./core/seal/aead.${name}.ts`, import.meta.url));
  return { alias: { "#aead": engine, "#bytes": engine } };
};

/** Files that take longest, the longest first: one that begins last keeps one worker busy and the others idle. */
const LONGEST = [
  "machines/refresh",
  "machines/faults",
  "e2e/browser-client/tabs-failures",
  "e2e/browser-client/restricted-browsers",
  "adapters/contract/contract",
  "e2e/examples",
  "machines/operations",
  "adapters/resets",
  "e2e/browser-client/sign-in",
  "e2e/browser-client/tabs-races",
  "e2e/browser-client/tokens",
  "machines/sign-outs",
  "adapters/contract/stores",
  "machines/faults-under-load",
  "e2e/browser-client/react",
  "repository/readme",
  "repository/package",
  "e2e/browser-client/several-clients",
  "e2e/browser-client/tabs",
  "stores/contract",
];

/** Vitest begins with the files that took longest in the last run; on a fresh clone it knows none and begins with the largest. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const index = LONGEST.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
      return index < 0 ? LONGEST.length : index;
    };
    return (await super.sort(files)).sort((left, right) => rank(left) - rank(right));
  }
}

const timeouts = { testTimeout: 60_000, hookTimeout: 120_000 };

/** RSA keys for the providers of the tests, generated once. */
const makeKeys = "test/support/make-keys.ts";
const unpackChromium = "test/support/chromium.ts";
const keys = { globalSetup: [makeKeys], setupFiles: ["test/support/hand-out-keys.ts"] };

/** The core has no state between calls except in objects that a test makes, so one process may run many files. */
const core = { include: ["test/core/**/*.test.ts"], isolate: false, ...timeouts };

/** A poll waits for a condition that is sure to come true; its timeout is not a claim about speed. */
const patient = { ...timeouts, expect: { poll: { timeout: 15_000 } } };

/** Tests of the repository that need no build of the package. */
const unbuilt = ["test/repository/{advisories,architecture,cli,cli-templates,users}.test.ts"];

export default defineConfig({
  test: {
    // More than the cores of a small machine: a file in a browser waits most of the time, and the others go on beside it.
    maxWorkers: 4,
    sequence: { sequencer: LongestFirst },
    projects: [
      { resolve: withEngine("node"), test: { ...core, ...keys, name: "node" } },
      { resolve: withEngine("web"), test: { ...core, ...keys, name: "web" } },
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
      // From source.
      {
        resolve: withEngine("node"),
        test: {
          ...patient,
          ...keys,
          globalSetup: [makeKeys, unpackChromium],
          name: "adapters",
          include: ["test/{adapters,security,conformance,stores,machines,mistakes,providers}/**/*.test.ts", ...unbuilt],
        },
      },
      // With the package as it is published: builds `dist` first, where it is older than its source.
      {
        resolve: withEngine("node"),
        test: {
          ...patient,
          ...keys,
          name: "package",
          include: ["test/{e2e,repository}/**/*.test.ts"],
          exclude: unbuilt,
          globalSetup: ["test/e2e/build.ts", makeKeys, unpackChromium],
        },
      },
    ],
  },
});
