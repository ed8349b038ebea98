import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
let copy: string;

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), "latchkey-architecture-"));
  for (const part of ["core", "adapters", "biome.json", ".biome", "tsconfig.json", "package.json", ".gitignore"]) {
    cpSync(join(root, part), join(copy, part), { recursive: true });
  }
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  execFileSync("git", ["init", "-q"], { cwd: copy });
});

afterAll(() => rmSync(copy, { recursive: true, force: true }));

/** What a command prints when it fails; undefined when it passes. */
function failure(command: string, args: string[]): string | undefined {
  try {
    execFileSync(join(root, "node_modules/.bin", command), args, { cwd: copy, encoding: "utf8", stdio: "pipe" });
    return undefined;
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    return stdout + stderr;
  }
}

/** Lints a copy of the tree with one more file in it. */
function planted(path: string, source: string): string | undefined {
  const file = join(copy, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, source);
  try {
    return failure("biome", ["lint", path]);
  } finally {
    rmSync(file);
  }
}

describe("the linter enforces the architecture", () => {
  test("the tree as it stands passes", () => {
    expect(failure("biome", ["lint", "core", "adapters"])).toBeUndefined();
  });

  const rules: Array<[what: string, path: string, source: string, rule: RegExp]> = [
    ["Date.now()", "core/planted.ts", "export const at = Date.now();\n", /noRestrictedGlobals/],
    ["process", "core/planted.ts", "export const env = process.env;\n", /noRestrictedGlobals/],
    ["Buffer", "core/planted.ts", "export const bytes = Buffer.from('x');\n", /noRestrictedGlobals/],
    ["fetch", "core/planted.ts", "export const answer = fetch('https://op.example');\n", /noRestrictedGlobals/],
    ["console", "core/planted.ts", "export const log = () => console.log('x');\n", /noRestrictedGlobals/],
    ["Math.random", "core/planted.ts", "export const luck = Math.random();\n", /no randomness of its own/],
    ["node:crypto", "core/planted.ts", "export { createHash } from 'node:crypto';\n", /noNodejsModules/],
    [
      "an adapter in the core",
      "core/planted.ts",
      "export { auth } from '../adapters/express.js';\n",
      /Arrows point down/,
    ],
    ["jose whole", "core/planted.ts", "export { jwtVerify } from 'jose';\n", /by subpath/],
    ["a cookie in the exchange", "core/exchange/planted.ts", "export * from '../cookie/jar.js';\n", /no cookie/],
    ["a seal in the cookie room", "core/cookie/planted.ts", "export * from '../seal/sealer.js';\n", /no seal/],
    ["a session in the seal", "core/seal/planted.ts", "export * from '../session/draft.js';\n", /no other room/],
    ["sign-in in sessions", "core/session/planted.ts", "export * from '../exchange/machine.js';\n", /no sign-in/],
    ["a session at an API", "core/resource-server/planted.ts", "export * from '../session/draft.js';\n", /no session/],
    ["a cookie in a request", "core/request/planted.ts", "export * from '../cookie/jar.js';\n", /no other room/],
    [
      "a server's cookies in the browser",
      "adapters/browser/planted.ts",
      "export * from '../../core/cookie/jar.js';\n",
      /holds no session/,
    ],
    [
      "another adapter in the browser",
      "adapters/browser/planted.ts",
      "export * from '../next/app.js';\n",
      /its ports and/,
    ],
    ["React in the browser", "adapters/browser/planted.ts", "export * from '../react/page.js';\n", /its ports and/],
    ["node:* in the browser", "adapters/browser/planted.ts", "export * from 'node:fs';\n", /noNodejsModules/],
    [
      "the exchange in React",
      "adapters/react/planted.ts",
      "export * from '../../core/exchange/machine.js';\n",
      /errors and users alone/,
    ],
    [
      "a session in React",
      "adapters/react/planted.ts",
      "export * from '../../core/session/draft.js';\n",
      /errors and users alone/,
    ],
    [
      "another adapter in React",
      "adapters/react/planted.ts",
      "export * from '../express.js';\n",
      /browser's client alone/,
    ],
    ["Next in React", "adapters/react/planted.ts", "export * from '../next/app.js';\n", /browser's client alone/],
    ["node:* in React", "adapters/react/planted.ts", "export * from 'node:fs';\n", /noNodejsModules/],
    ["node:* in the testing kit", "adapters/testing/planted.ts", "export * from 'node:fs';\n", /noNodejsModules/],
  ];
  const realmTests = [
    "value instanceof Object",
    "value instanceof globalThis.TypeError",
    "value instanceof Response",
    "value instanceof Buffer",
    "value instanceof window.HTMLElement",
    "value.constructor === Object",
    "value.constructor !== Map",
    "Object.getPrototypeOf(value) === null",
    "Reflect.getPrototypeOf(value) === null",
    "Promise.prototype.isPrototypeOf(value)",
  ];
  test.each([
    "core/planted.ts",
    "core/seal/aead.planted.ts",
    "core/provider/planted.ts",
    "adapters/planted.ts",
    "adapters/browser/planted.ts",
    "adapters/next/planted.ts",
    "adapters/react/planted.tsx",
    "adapters/testing/planted.ts",
  ])("in %s each test that is false for an object of another realm is refused", (path) => {
    const lines = realmTests.map((realmTest, at) => `export const test${at} = (value: object) => ${realmTest};\n`);
    expect(planted(path, lines.join(""))?.match(/another realm/g)).toHaveLength(realmTests.length);
  });

  test.each(rules)("%s is refused", (_what, path, source, rule) => {
    expect(planted(path, source)).toMatch(rule);
  });
});

test("the compiler, too, knows no Node and no DOM in the core", () => {
  const file = join(copy, "core/planted.ts");
  writeFileSync(file, "export const x = [process, Buffer, fetch, crypto, document, setTimeout];\n");
  try {
    const output = failure("tsc", ["-p", "core"]) ?? "";
    for (const name of ["process", "Buffer", "fetch", "crypto", "document", "setTimeout"]) {
      expect(output).toMatch(new RegExp(`planted\\.ts.*Cannot find name '${name}'`));
    }
  } finally {
    rmSync(file);
  }
});
