import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

export const root = fileURLToPath(new URL("../../", import.meta.url));

/** A page that a user reads. Its path begins at the root of the repository. */
export interface Document {
  readonly path: string;
  readonly text: string;
}

const inDocs = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" }).filter(
  (path) => path.endsWith(".md") && !/(^|\/)node_modules\/|^reference\/api\/|^\.vitepress\//.test(path),
);

/** The README and the pages in docs/, without those that are generated. */
export const documents: readonly Document[] = ["README.md", ...inDocs.map((path) => `docs/${path}`)]
  .sort()
  .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));

/** The text of one page. */
export const documentAt = (path: string): string => readFileSync(join(root, path), "utf8");

/** A block of code in a page. */
export interface Block {
  readonly document: string;
  /** The number of its first line. */
  readonly line: number;
  readonly language: string;
  /** The test that runs it: `<!-- test: name -->` in the line before. */
  readonly test: string | undefined;
  /** Why no test runs it: `<!-- not run: reason -->` in the line before. */
  readonly notRun: string | undefined;
  readonly code: string;
}

const FENCE = /^(?:<!-- (test|not run): (.+) -->\n)?```(\w*)\n([\s\S]*?)^```$/gm;

/** All blocks of code of all pages. */
export const blocks: readonly Block[] = documents.flatMap(({ path, text }) =>
  [...text.matchAll(FENCE)].map(([, marker, words, language = "", code = ""], index, all) => ({
    document: path,
    line: text.slice(0, all[index]?.index).split("\n").length,
    language,
    test: marker === "test" ? words : undefined,
    notRun: marker === "not run" ? words : undefined,
    code,
  })),
);

/** A file of an app: `// path` is the first line of its block, or stands before it in a block of several files. */
export interface SourceFile {
  readonly path: string;
  readonly code: string;
}

const PATH = /^\/\/ ([\w./[\]-]+\.(?:tsx?|jsx?|mjs))\b.*$/m;

/** The files in a block; a block without a path is one file without a name. */
export function filesIn(code: string): readonly SourceFile[] {
  const parts = code.split(/^(?=\/\/ [\w./[\]-]+\.(?:tsx?|jsx?|mjs)\b)/m).filter((part) => part.trim() !== "");
  return parts.map((part) => ({ path: PATH.exec(part)?.[1] ?? "", code: `${part.replace(PATH, "").trim()}\n` }));
}

/**
 * The files that a test runs. Several pages may show the same files: the text must then be the same.
 * @throws Error when no page shows them, or two pages differ
 */
export function filesOf(test: string): readonly SourceFile[] {
  const files = new Map<string, { document: string; code: string }>();
  for (const block of blocks.filter((each) => each.test === test)) {
    for (const { path, code } of filesIn(block.code)) {
      const shown = files.get(path);
      if (shown && shown.code !== code)
        throw new Error(`${block.document} and ${shown.document} show two versions of ${test}: ${path}`);
      files.set(path, { document: block.document, code });
    }
  }
  if (files.size === 0) throw new Error(`no page shows ${test}`);
  return [...files].map(([path, { code }]) => ({ path, code }));
}

/** Takes the types out. JSX stays. */
export const toJavaScript = (code: string): string =>
  ts.transpileModule(code, {
    fileName: "block.tsx",
    compilerOptions: {
      target: ts.ScriptTarget.ESNext,
      module: ts.ModuleKind.ESNext,
      jsx: ts.JsxEmit.Preserve,
      verbatimModuleSyntax: true,
    },
  }).outputText;

/** The one file that a test runs, without types. @throws Error when there are several */
export function snippet(test: string): string {
  const [file, ...others] = filesOf(test);
  if (others.length > 0 || !file) throw new Error(`${test} has several files`);
  return toJavaScript(file.code);
}
