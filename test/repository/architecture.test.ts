import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { circlesIn, forcedTypesIn, longFunctionsIn, sourceOf, sourcesIn } from "../support/source.js";

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

/** The output of a command that fails; undefined if the command passes. */
function failure(command: string, args: string[]): string | undefined {
  try {
    const options = { cwd: copy, encoding: "utf8", stdio: "pipe", maxBuffer: 64 * 1024 * 1024 } as const;
    execFileSync(join(root, "node_modules/.bin", command), args, options);
    return undefined;
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    return stdout + stderr;
  }
}

/** Lints the copy with more files in it: one run for all of them. Returns the linter's findings in each file. */
function lintWith(planted: ReadonlyMap<string, string>): Map<string, string> {
  for (const [path, source] of planted) {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    writeFileSync(join(copy, path), source);
  }
  try {
    const output = failure("biome", ["lint", "--max-diagnostics=none", ...planted.keys()]) ?? "";
    const findings = new Map([...planted.keys()].map((path) => [path, ""]));
    // Each finding begins with a line "path:line:column rule".
    for (const finding of output.split(/^(?=\S+:\d+:\d+ )/m)) {
      const path = finding.slice(0, finding.indexOf(":"));
      if (findings.has(path)) findings.set(path, findings.get(path) + finding);
    }
    return findings;
  } finally {
    for (const path of planted.keys()) rmSync(join(copy, path));
  }
}

describe("the linter enforces the architecture", () => {
  test("the repository passes", () => {
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
      /errors, users and their claims alone/,
    ],
    [
      "a session in React",
      "adapters/react/planted.ts",
      "export * from '../../core/session/draft.js';\n",
      /errors, users and their claims alone/,
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
  const realmPaths = [
    "core/planted.ts",
    "core/seal/aead.planted.ts",
    "core/provider/planted.ts",
    "adapters/planted.ts",
    "adapters/browser/planted.ts",
    "adapters/next/planted.ts",
    "adapters/react/planted.tsx",
    "adapters/testing/planted.ts",
  ];
  /** Each rule has a file of its own, beside the others in its folder. */
  const pathOf = (path: string, index: number) => path.replace("planted.", `planted-${index}.`);
  let findings: Map<string, string>;
  beforeAll(() => {
    const lines = realmTests.map((realmTest, at) => `export const test${at} = (value: object) => ${realmTest};\n`);
    findings = lintWith(
      new Map([
        ...realmPaths.map((path): [string, string] => [path, lines.join("")]),
        ...rules.map(([, path, source], index): [string, string] => [pathOf(path, index), source]),
      ]),
    );
  });

  test.each(realmPaths)("in %s each test that is false for an object of another realm is refused", (path) => {
    expect(findings.get(path)?.match(/another realm/g)).toHaveLength(realmTests.length);
  });

  test.each(rules.map(([what, path, , rule], index) => ({ what, path: pathOf(path, index), rule })))(
    "$what is refused",
    ({ path, rule }) => {
      expect(findings.get(path)).toMatch(rule);
    },
  );
});

test("the compiler refuses names of Node and of the DOM in the core", () => {
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

describe("the files", () => {
  const sources = sourcesIn("core", "adapters");

  test("do not import each other in a circle, not even for types", () => {
    expect(sources.length).toBeGreaterThan(100);
    expect(circlesIn(sources)).toEqual([]);
  });

  test("have no function of more than 60 lines, outside the testing kit", () => {
    const measured = sources.filter(({ path }) => !path.startsWith("adapters/testing/"));
    expect(measured.flatMap((source) => longFunctionsIn(source, 60))).toEqual([]);
  });

  test("force no type in the core", () => {
    const forced = sources.filter(({ path }) => path.startsWith("core/")).flatMap(forcedTypesIn);
    expect(forced).toEqual([]);
  });
});

describe("what these checks find", () => {
  test("a circle of values, of types, of exports and of import types", () => {
    const files = [
      sourceOf("core/a.ts", 'import { b } from "./b.js";'),
      sourceOf("core/b.ts", 'import type { C } from "./room/c.js";'),
      sourceOf("core/room/c.ts", 'export * from "../d.js";'),
      sourceOf("core/d.ts", 'export type D = import("./a.js").A; import "./leaf.js";'),
      sourceOf("core/leaf.ts", 'import "jose";'),
      sourceOf("core/root.ts", 'import "./a.js"; import "./leaf.js";'),
      sourceOf("core/self.ts", 'import "./self.js";'),
    ];
    expect(circlesIn(files)).toEqual([["core/a", "core/b", "core/d", "core/room/c"], ["core/self"]]);
  });

  test("a function of 61 lines, with its name and line", () => {
    const body = "\n".repeat(60);
    const source = sourceOf(
      "x.ts",
      `\nconst short = () => {};\nconst long = () => {${body}};\nclass A { m() {${body}} }`,
    );
    expect(longFunctionsIn(source, 60)).toEqual(["x.ts:3 long (61)", "x.ts:64 m (61)"]);
  });

  test("a forced type", () => {
    const source = sourceOf("x.ts", "const a = b as unknown as C;\nconst d = e as F;\nconst g = h as any as I;");
    expect(forcedTypesIn(source)).toEqual(["x.ts:1", "x.ts:3"]);
  });
});
