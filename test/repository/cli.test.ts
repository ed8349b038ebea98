import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";
import { createTestProvider, mintSession } from "../../adapters/testing/index.js";
import { folderWith, runHere } from "../support/cli.js";
import { blocks, filesOf, root, toJavaScript } from "../support/documents.js";

const page = join(root, "docs/reference/cli.md");

/** The blocks of the page that show commands, by the test that they name. */
const shown = blocks.filter(({ document, language }) => document === "docs/reference/cli.md" && language === "console");

/**
 * Runs the commands of a block, and expects their output as it is shown below each. With LATCHKEY_DRAW the output is written there
 * (npm run diagram).
 */
async function expectShown(name: string, run: (args: readonly string[]) => Promise<string>): Promise<void> {
  const block = shown.find((each) => each.test === name);
  if (!block) throw new Error(`no page shows ${name}`);
  const commands = [...block.code.matchAll(/^\$ npx latchkey (.*)$/gm)].map(([line, args = ""]) => ({ line, args }));
  expect(commands.length).toBeGreaterThan(0);
  let code = "";
  for (const { line, args } of commands) {
    const words = [...args.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? "");
    code += `${line}\n${await run(words)}`;
  }
  if (!process.env["LATCHKEY_DRAW"]) return expect(block.code).toBe(code);
  writeFileSync(
    page,
    readFileSync(page, "utf8").replace(block.code, () => code),
  );
}

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
${entries.join("")}};
`;
  const file = join(root, "adapters/cli/init/templates.ts");
  if (process.env["LATCHKEY_DRAW"]) writeFileSync(file, drawn);
  else expect(readFileSync(file, "utf8")).toBe(drawn);
});

/** The time of the provider and of the command. */
const NOW = Date.UTC(2026, 0, 15, 12);

/** The provider of the page, over the network. */
async function provider() {
  const { fetch } = await createTestProvider({ issuer: "https://login.example/", clientId: "shop" });
  return async (input: string, init?: RequestInit) => {
    if (!input.startsWith("https://login.example/"))
      throw Object.assign(new TypeError("fetch failed"), { cause: { code: "ECONNREFUSED" } });
    const response = await fetch(input, init);
    const headers = [...response.headers, ["date", new Date(NOW).toUTCString()]] as [string, string][];
    return new Response(response.body, { status: response.status, headers });
  };
}

const lines = (variables: Record<string, string>): string =>
  Object.entries(variables)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");

test("latchkey help prints what the page shows", () =>
  expectShown("cli-help", async (args) => (await runHere(args)).out));

test("latchkey init prints what the page shows", () =>
  expectShown("cli-init", async (args) => (await runHere(args, { folder: folderWith() })).out));

test("latchkey inspect prints what the page shows", async () => {
  const app = {
    issuer: "https://login.example/",
    clientId: "shop",
    secret: "a secret of at least thirty-two characters",
  };
  const cookie = await mintSession({
    ...app,
    now: () => NOW - 3_600_000,
    user: { sub: "alice", name: "Alice", email: "alice@example.com" },
    data: { cart: ["book"] },
    tokens: { accessToken: "a".repeat(812), refreshToken: "r".repeat(64), expiresAt: NOW },
  });
  const tag = /\.([\w-]{6})\./.exec(cookie)?.[1] ?? "";
  const env = {
    LATCHKEY_ISSUER: app.issuer,
    LATCHKEY_CLIENT_ID: app.clientId,
    LATCHKEY_SECRET: app.secret,
  };
  await expectShown("cli-inspect", async ([command = ""]) => {
    const input = `GET / HTTP/1.1\nHost: app.example\nCookie: theme=dark; ${cookie}\n`;
    const { out } = await runHere([command], { input, env, folder: folderWith(), now: () => NOW });
    return out.replaceAll(tag, "dWnA3k");
  });
});

test("latchkey check prints what the page shows", async () => {
  const folder = folderWith({
    ".env": lines({
      LATCHKEY_ISSUER: "https://login.example",
      LATCHKEY_CLIENT_ID: "shop",
      LATCHKEY_CLIENT_SECRET: "the secret of another client",
      LATCHKEY_SECRET: "a secret of at least thirty-two characters",
      LATCHKEY_BASE_URL: "http://localhost:3000",
    }),
  });
  const fetch = (await provider()) as typeof globalThis.fetch;
  await expectShown("cli-check", async (args) => (await runHere(args, { folder, fetch, now: () => NOW })).out);
});
