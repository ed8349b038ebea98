import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";
import { blocks, filesOf, root, toJavaScript } from "../support/documents.js";

/** The tests of the documents whose files `latchkey init` writes; the path of a file that the documents do not name. */
const TEMPLATES: Readonly<Record<string, string>> = {
  express: "",
  node: "",
  next: "",
  "next-pages": "",
  edge: "",
  hono: "",
  "react-quick-start": "src/App.tsx",
};

/** The code without types: as it is where it has none, so that its blank lines stay. */
function withoutTypes(code: string): string {
  const source = ts.createSourceFile("code.jsx", code, ts.ScriptTarget.ESNext, false, ts.ScriptKind.JSX);
  const { parseDiagnostics } = source as unknown as { parseDiagnostics: readonly unknown[] };
  const isPlain =
    parseDiagnostics.length === 0 &&
    !ts.transpileModule(code, { reportDiagnostics: true, fileName: "code.jsx", compilerOptions: { allowJs: true } })
      .diagnostics?.length;
  if (isPlain) return code;
  return execFileSync(join(root, "node_modules/.bin/biome"), ["format", "--stdin-file-path=code.jsx"], {
    cwd: root,
    input: toJavaScript(code),
    encoding: "utf8",
  });
}

/** Text as a template literal. */
const literal = (text: string): string => `\`${text.replace(/[\\`]|\$\{/g, "\\$&")}\``;

test("latchkey init writes the files of the documents (npm run diagram)", () => {
  const wrangler = blocks.find(({ document, language }) => document === "docs/guides/edge.md" && language === "toml");
  const config = wrangler?.code ?? "";
  expect(config).toContain('main = "app.ts"');
  const forWorkers = `  wrangler: [
    {
      path: "wrangler.toml",
      ts: ${literal(config)},
      js: ${literal(config.replace("app.ts", "app.js"))},
    },
  ],
`;
  const entries = Object.entries(TEMPLATES).map(([name, unnamed]) => {
    const files = filesOf(name).map(({ path, code }) => {
      const js = withoutTypes(code);
      const members = [
        `path: "${path || unnamed}"`,
        `ts: ${literal(code)}`,
        ...(js === code ? [] : [`js: ${literal(js)}`]),
      ];
      return `    {\n${members.map((member) => `      ${member},\n`).join("")}    },\n`;
    });
    return `  ${/^\w+$/.test(name) ? name : `"${name}"`}: [\n${files.join("")}  ],\n`;
  });
  const drawn = `// Drawn from the blocks of the documents by \`npm run diagram\`; a test compares. Change the documents.

/** The files of the documents, by the test that runs them. */
export const templates = {
${entries.join("")}${forWorkers}};
`;
  const file = join(root, "adapters/cli/init/templates.ts");
  if (process.env["LATCHKEY_DRAW"]) writeFileSync(file, drawn);
  else expect(readFileSync(file, "utf8")).toBe(drawn);
});
