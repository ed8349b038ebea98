import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { filesOf, root, toJavaScript } from "../support/documents.js";
import { bin, freePort } from "../support/process.js";

/**
 * The three files of docs/guides/testing.md in each test runner that its table names, both test files at once. What the table
 * says to write is what `write` changes.
 */
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "latchkey-runners-"));
  // A copy: with a link, Deno and TypeScript take the package for a part of this repository.
  for (const name of ["dist", "package.json"])
    cpSync(join(root, name), join(folder, "node_modules/latchkey", name), { recursive: true });
  for (const name of [
    ...["@jest", "@panva/hkdf", "express", "jose", "ts-jest", "typescript", "vitest"],
    ...["@types/express", "@types/express-serve-static-core", "@types/node"],
  ]) {
    const path = join(folder, "node_modules", name);
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(join(root, "node_modules", name), path);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Runner {
  readonly run: readonly [command: string, ...args: string[]];
  /** Changes the text of a file. */
  readonly write?: (code: string) => string;
  /** Other files of the app. */
  readonly files?: Readonly<Record<string, string>>;
  readonly javaScript?: boolean;
  readonly type?: "commonjs";
  readonly variables?: Readonly<Record<string, string>>;
}

const importsTest = (from: string) => (code: string) =>
  code.replace('import test from "node:test"', `import { test } from "${from}"`);
const importsApp = (from: string) => (code: string) => code.replace('from "./app.js"', `from "${from}"`);
const node = process.execPath;
const jest = join(root, "node_modules/jest/bin/jest.js");

const runners: Readonly<Record<string, Runner>> = {
  "node:test": { run: [node, "--test"], javaScript: true },
  Bun: { run: [bin("bun"), "test"] },
  Deno: { run: [bin("deno"), "test", "--allow-all", "--no-check"], write: importsApp("./app.ts") },
  Vitest: { run: [node, join(root, "node_modules/vitest/vitest.mjs"), "run"], write: importsTest("vitest") },
  "Jest with ts-jest, CommonJS": {
    run: [node, jest],
    write: (code) => importsApp("./app")(importsTest("@jest/globals")(code)),
    files: { "jest.config.json": '{ "preset": "ts-jest" }' },
    type: "commonjs",
  },
  "Jest, ES modules": {
    run: [node, jest],
    write: importsTest("@jest/globals"),
    files: { "jest.config.json": '{ "transform": {} }' },
    javaScript: true,
    variables: { NODE_OPTIONS: "--experimental-vm-modules" },
  },
};

/** Writes the files of the page, and returns the folder. */
async function writeApp(name: string, { write = (code) => code, files, javaScript, type }: Runner): Promise<string> {
  const app = join(folder, name.replaceAll(/\W+/g, "-"));
  const port = await freePort();
  mkdirSync(app);
  const shown = ["testing", "testing-request", "testing-sign-in"].flatMap(filesOf);
  for (const { path, code } of shown) {
    const text = write(code)
      .replaceAll("3100", `${port}`)
      .replaceAll("3101", `${port + 1}`);
    writeFileSync(join(app, javaScript ? path.replace(/ts$/, "js") : path), javaScript ? toJavaScript(text) : text);
  }
  const all = { "package.json": JSON.stringify({ type: type ?? "module" }), ...files };
  for (const [path, text] of Object.entries(all)) writeFileSync(join(app, path), text);
  return app;
}

/** The exit code and the output of a runner. */
async function outcome(cwd: string, { run: [command, ...args], variables }: Runner) {
  const env = { PATH: process.env["PATH"], HOME: folder, NO_COLOR: "1", CI: "1", ...variables };
  const ended = promisify(execFile)(command, args, { cwd, env: env as unknown as NodeJS.ProcessEnv, timeout: 100_000 });
  return ended.then(
    ({ stdout, stderr }) => ({ code: 0, output: stdout + stderr }),
    ({ code, stdout, stderr }) => ({ code, output: `${stdout}${stderr}` }),
  );
}

test.each(Object.entries(runners))(
  "%s runs the tests that the page shows",
  async (name, runner) => {
    const { code, output } = await outcome(await writeApp(name, runner), runner);
    expect(code, output).toBe(0);
    // `# pass 2`, `2 pass`, `ok | 2 passed`, `Tests  2 passed`, `Tests:       2 passed, 2 total`
    expect(output).toMatch(/# pass 2\b|\b2 pass(ed)?\b/);
  },
  120_000,
);
