import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build, transform } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { snippet } from "../support/documents.js";

/**
 * Jest and Vitest run an app in a realm of its own: objects of the platform (results of `response.json()`, bytes, promises)
 * then come from another realm than the app's objects. The example of docs/guides/testing.md and a list of behaviours run in
 * each runner and environment, with the built package.
 */
const root = fileURLToPath(new URL("../../", import.meta.url));
const flow = readFileSync(join(root, "test/support/realm-flow.js"), "utf8");
const example = snippet("testing").replace(/^export /gm, "");

/** The documented example as a test, with its imports first, and a test for each behaviour. */
const testFile = [
  ...(example.match(/^import .+$/gm) ?? []),
  'import { behaviours, tryApp } from "./flow.js";',
  example.replace(/^import .+$/gm, ""),
  'test("the example of the documents", async () => tryApp(await createTestApp(), expect));',
  "for (const [name, run] of Object.entries(behaviours)) test(name, () => run(expect));",
].join("\n");
const BEHAVIOURS = 1 + (flow.match(/^ {2}async "/gm) ?? []).length;

/** Globals that a server needs and that jsdom lacks or implements incompletely. */
const GLOBALS = [
  "Request",
  "Response",
  "Headers",
  "fetch",
  "crypto",
  "ReadableStream",
  "TextEncoder",
  "TextDecoder",
  "structuredClone",
];

const jestWithJsdom = `const { TestEnvironment } = require("jest-environment-jsdom");
module.exports = class extends TestEnvironment {
  exportConditions = () => ["node", "node-addons"];
  async setup() {
    await super.setup();
    for (const name of [...${JSON.stringify(GLOBALS)}, "setImmediate"])
      Object.defineProperty(this.global, name, { value: globalThis[name] });
  }
};`;

/** Vitest's jsdom has Node's \`fetch\`, but no Web Crypto. */
const vitestSetup = `import { webcrypto } from "node:crypto";
if (!globalThis.crypto.subtle) Object.defineProperty(globalThis, "crypto", { value: webcrypto });`;

const jestConfig = {
  projects: [
    { displayName: "node", testEnvironment: "node", testMatch: ["<rootDir>/cjs/*.test.js"], transform: {} },
    {
      displayName: "jsdom",
      testEnvironment: "<rootDir>/jsdom.cjs",
      testMatch: ["<rootDir>/cjs/*.test.js"],
      transform: {},
    },
    { displayName: "ES modules", testEnvironment: "node", testMatch: ["<rootDir>/esm/*.test.js"], transform: {} },
  ],
};

const vitestProjects = [
  ["node", "vmThreads"],
  ["node", "vmForks"],
  ["node", "threads"],
  ["node", "forks"],
  ["jsdom", "vmThreads"],
  ["jsdom", "threads"],
  ["happy-dom", "vmThreads"],
  ["happy-dom", "threads"],
  ["edge-runtime", "vmThreads"],
  ["edge-runtime", "threads"],
].map(([environment, pool]) => ({
  test: {
    name: `${environment} ${pool}`,
    environment,
    pool,
    globals: true,
    include: ["esm/*.test.js"],
    setupFiles: ["setup.mjs"],
    testTimeout: 20_000,
    environmentOptions: { happyDOM: { settings: { fetch: { disableSameOriginPolicy: true } } } },
  },
}));

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "latchkey-realms-"));
  for (const name of ["@edge-runtime/vm", "happy-dom", "jest", "jest-environment-jsdom", "jsdom", "vitest"])
    link(name, `node_modules/${name}`);
  link("latchkey", "");
  // Bundle Express: Vitest's vmThreads cannot load a CommonJS package that requires an ES module, as a dependency of Express does.
  const [entry, outfile] = ["node_modules/express/index.js", join(folder, "node_modules/express/index.js")];
  await build({ entryPoints: [join(root, entry)], outfile, platform: "node", bundle: true });
  write("esm/package.json", '{ "type": "module" }');
  write("esm/flow.js", flow);
  write("esm/app.test.js", testFile);
  write("cjs/flow.js", (await transform(flow, { format: "cjs", supported: { "dynamic-import": false } })).code);
  write("cjs/app.test.js", (await transform(testFile, { format: "cjs" })).code);
  write("package.json", "{}");
  write("jsdom.cjs", jestWithJsdom);
  write("setup.mjs", vitestSetup);
  write("jest.config.json", JSON.stringify(jestConfig));
  write("vitest.config.mjs", `export default ${JSON.stringify({ test: { projects: vitestProjects } })}`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function link(name: string, target: string): void {
  const path = join(folder, "node_modules", name);
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(join(root, target), path);
}

/** The result of one test, in the JSON format of Jest and Vitest. */
interface Reported {
  readonly title: string;
  readonly status: string;
  readonly failureMessages: readonly string[];
}

/** Runs a test runner. Returns the files that did not run, the tests that failed, and the number that passed. */
async function run(program: string, args: readonly string[], options = "") {
  const output = join(folder, "output.json");
  const child = promisify(execFile)(process.execPath, [join(root, "node_modules", program), ...args], {
    cwd: folder,
    env: { PATH: process.env["PATH"], NODE_OPTIONS: options, CI: "1" } as unknown as NodeJS.ProcessEnv,
  });
  const { stderr } = await child.catch((error: { stdout: string; stderr: string }) => error);
  if (!existsSync(output)) throw new Error(`${program} ended without a report: ${stderr}`);
  const { testResults } = JSON.parse(readFileSync(output, "utf8")) as {
    testResults: Array<{ message: string; assertionResults: Reported[] }>;
  };
  const notRun = testResults.filter(({ assertionResults }) => assertionResults.length === 0);
  rmSync(output);
  const results = testResults.flatMap(({ assertionResults }) => assertionResults);
  return {
    notRun: notRun.map(({ message }) => message),
    failed: results.flatMap(({ title, status, failureMessages }) =>
      status === "passed" ? [] : [[title, failureMessages[0]]],
    ),
    passed: results.filter(({ status }) => status === "passed").length,
    stderr,
  };
}

describe("an app and its test provider work", () => {
  test("in Jest: its default environment, jsdom, and ES modules", async () => {
    const args = ["--config=jest.config.json", "--json", "--outputFile=output.json"];
    const { notRun, failed, passed, stderr } = await run(
      "jest/bin/jest.js",
      args,
      "--experimental-vm-modules --no-warnings",
    );
    expect([...notRun, ...failed], stderr).toEqual([]);
    expect(passed, stderr).toBe(BEHAVIOURS * jestConfig.projects.length);
  }, 120_000);

  test("in Vitest: threads, forks, vmThreads and vmForks, under Node, jsdom, happy-dom and edge-runtime", async () => {
    const args = ["run", "--reporter=json", "--outputFile=output.json"];
    const { notRun, failed, passed, stderr } = await run("vitest/vitest.mjs", args);
    expect([...notRun, ...failed], stderr).toEqual([]);
    expect(passed, stderr).toBe(BEHAVIOURS * vitestProjects.length);
  }, 120_000);
});
