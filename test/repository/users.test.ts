import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** The compiler's settings of a user who imports the package by its name: here it is found in the source. */
const settings: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  lib: ["lib.es2022.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  strict: true,
  skipLibCheck: true,
  noEmit: true,
  types: ["node"],
  paths: {
    "#aead": [`${root}core/seal/aead.d.ts`],
    "#bytes": [`${root}core/seal/aead.d.ts`],
    latchkey: [`${root}adapters/index.ts`],
    ...Object.fromEntries(
      ["browser", "next", "react", "testing"].map((name) => [`latchkey/${name}`, [`${root}adapters/${name}/index.ts`]]),
    ),
    ...Object.fromEntries(
      ["edge", "express", "node"].map((name) => [`latchkey/${name}`, [`${root}adapters/${name}.ts`]]),
    ),
  },
};

/** Declarations are parsed once for all programs. */
const parsed = new Map<string, ts.SourceFile | undefined>();

function compile(file: string): ts.Program {
  const host = ts.createCompilerHost(settings);
  const read = host.getSourceFile;
  host.getSourceFile = (name, ...rest) => {
    if (!parsed.has(name)) parsed.set(name, read(name, ...rest));
    return parsed.get(name);
  };
  return ts.createProgram([`${root}test/users/${file}`], settings, host);
}

/** What the compiler reports of a user's file. The package's own files are checked by `npm run check:types`. */
function complaintsOf(name: string): string[] {
  const program = compile(name);
  const file = program.getSourceFile(`${root}test/users/${name}`);
  return [
    ...program.getGlobalDiagnostics(),
    ...program.getSyntacticDiagnostics(file),
    ...program.getSemanticDiagnostics(file),
  ].map(({ file, start, messageText }) => {
    const line = file && start !== undefined ? file.getLineAndCharacterOfPosition(start).line + 1 : 0;
    return `${file?.fileName.replace(root, "")}:${line} ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
  });
}

describe("a TypeScript user's program compiles", { timeout: 120_000 }, () => {
  test("when the app registers the types of its data and its user", () => {
    expect(complaintsOf("register.ts")).toEqual([]);
  });

  test("when Express guards routes: behind a guard the session is not null, and parameters keep their types", () => {
    expect(complaintsOf("express.ts")).toEqual([]);
  });

  test("when handlers are inside the guards of Edge and Next: the session is not null", () => {
    expect(complaintsOf("handlers.ts")).toEqual([]);
  });

  test("when another package adds auth and accessToken to the requests of Express", () => {
    expect(complaintsOf("clash.ts")).toEqual([]);
  });

  test("when it uses node:http, with the types of Node alone", () => {
    expect(complaintsOf("node.ts")).toEqual([]);
    const packages = compile("node.ts")
      .getSourceFiles()
      .flatMap(({ fileName }) => /\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(fileName)?.[1] ?? []);
    expect([...new Set(packages)].sort()).toEqual(["@panva/hkdf", "@types/node", "jose", "typescript", "undici-types"]);
  });
});
