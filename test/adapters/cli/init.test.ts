import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { parseVariables } from "../../../adapters/cli/env-files.js";
import { withIgnored } from "../../../adapters/cli/init/files.js";
import { folderWith, runHere } from "../../support/cli.js";
import { filesOf, root } from "../../support/documents.js";

const manifest = (...packages: string[]) =>
  JSON.stringify({ dependencies: Object.fromEntries(packages.map((name) => [name, "^16.0.0"])) });

/** Runs `latchkey init` in a folder with these files. */
async function init(files: Record<string, string>, ...args: string[]) {
  const folder = folderWith();
  const write = (name: string, text: string) => {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  for (const [name, text] of Object.entries(files)) write(name, text);
  const again = (...more: string[]) => runHere(["init", ...more], { folder });
  const { out, code, err } = await again(...args);
  const read = (path: string) => readFileSync(join(folder, path), "utf8");
  const list = () =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((path) => statSync(join(folder, path)).isFile() && !(path in files))
      .sort();
  return { folder, out, code, err, read, list, again };
}

describe("an app is recognised by what is in its folder", () => {
  test.each([
    ["Express, JavaScript", {}, [".env", ".gitignore", "app.mjs"]],
    [
      "Express, TypeScript",
      { "package.json": manifest("express"), "tsconfig.json": "{}" },
      [".env", ".gitignore", "app.ts"],
    ],
    [
      "Next.js, App Router, TypeScript",
      { "package.json": manifest("next"), "tsconfig.json": "{}", "app/layout.tsx": "" },
      [".env.local", ".gitignore", "app/auth/[...latchkey]/route.ts", "app/page.tsx", "auth.ts", "proxy.ts"],
    ],
    [
      "Next.js, App Router, JavaScript",
      { "package.json": manifest("next"), "src/app/layout.js": "" },
      [
        ".env.local",
        ".gitignore",
        "src/app/auth/[...latchkey]/route.js",
        "src/app/page.js",
        "src/auth.js",
        "src/proxy.js",
      ],
    ],
    [
      "Next.js, Pages Router, TypeScript",
      { "package.json": manifest("next", "typescript"), "pages/index.tsx": "" },
      [
        ".env.local",
        ".gitignore",
        "auth.ts",
        "pages/account.tsx",
        "pages/api/auth/[...latchkey].ts",
        "pages/api/invoices.ts",
      ],
    ],
    ["Hono on Bun, TypeScript", { "package.json": manifest("hono") }, [".env", ".gitignore", "app.ts"]],
    ["Cloudflare Workers, JavaScript", { "wrangler.jsonc": "{}" }, [".dev.vars", ".gitignore", "app.js"]],
    ["Deno, TypeScript", { "deno.json": "{}" }, [".env", ".gitignore", "app.ts"]],
    ["Bun, TypeScript", { "bun.lock": "" }, [".env", ".gitignore", "app.ts"]],
    ["React, with the page as the client, JavaScript", { "package.json": manifest("react", "vite") }, ["src/App.jsx"]],
    ["Express, JavaScript", { "package.json": "{ not JSON" }, [".env", ".gitignore", "app.mjs"]],
  ] as Array<[string, Record<string, string>, string[]]>)("%s", async (title, files, written) => {
    const { out, code, list } = await init(files);
    expect([code, out.split(":")[0], list()]).toEqual([0, title, written]);
  });

  test("or by a flag", async () => {
    expect((await init({}, "--runtime", "bun", "--js")).list()).toEqual([".env", ".gitignore", "app.js"]);
    expect(await init({}, "--runtime", "nextapp")).toMatchObject({
      code: 2,
      err: expect.stringContaining("did you mean next-app?"),
    });
    expect(await init({}, "--ts", "--js")).toMatchObject({
      code: 2,
      err: expect.stringContaining("exclude each other"),
    });
  });
});

describe("the files", () => {
  test("are those of the documents", async () => {
    for (const [runtime, name] of [
      ["express", "express"],
      ["bun", "edge"],
      ["hono", "hono"],
    ] as const) {
      const { read } = await init({}, "--runtime", runtime, "--ts");
      expect(read("app.ts")).toBe(filesOf(name)[0]?.code);
    }
    const { read } = await init(
      { "tsconfig.json": '{ "compilerOptions": { "paths": { "@/*": ["./*"] } } }' },
      "--runtime",
      "next-app",
    );
    for (const { path, code } of filesOf("next")) expect(read(path)).toBe(code);
  });

  test("take the variables from where the runtime has them", async () => {
    expect((await init({}, "--runtime", "deno")).read("app.ts")).toContain("createAuth({ env: Deno.env.toObject() })");
    const worker = (await init({}, "--runtime", "workers", "--js")).read("app.js");
    expect(worker).toMatch(/^import \{ env \} from "cloudflare:workers";\n/);
    expect(worker).toContain("createAuth({ env })");
  });

  test("have the settings of wrangler, unless the app has its own", async () => {
    const { read, list } = await init({}, "--runtime", "workers", "--js");
    expect(list()).toEqual([".dev.vars", ".gitignore", "app.js", "wrangler.toml"]);
    expect(read("wrangler.toml")).toContain('main = "app.js"');
    const own = await init({ "wrangler.toml": "mine" }, "--ts");
    expect(own.read("wrangler.toml")).toBe("mine");
    expect(own.out).toContain('  main = "app.ts"');
  });

  test("import each other by paths where the app has no alias", async () => {
    const { read } = await init({ "package.json": manifest("next") }, "--runtime", "next-app", "--js");
    expect(read("app/auth/[...latchkey]/route.js")).toContain('from "../../../auth"');
    expect(read("app/page.js")).toContain('from "../auth"');
    expect(read("proxy.js")).toContain('from "./auth"');
  });

  test("are a middleware before Next 16", async () => {
    const files = { "package.json": '{ "dependencies": { "next": "15.5.1" } }' };
    expect((await init(files, "--ts")).read("middleware.ts")).toContain("export const middleware = auth.middleware;");
  });

  test("compile under strict: Express, node:http, Bun and Hono as TypeScript, and Express as JavaScript", async () => {
    const files: string[] = [];
    for (const [runtime, language, file] of [
      ["express", "--ts", "app.ts"],
      ["node", "--ts", "server.ts"],
      ["bun", "--ts", "app.ts"],
      ["hono", "--ts", "app.ts"],
      ["express", "--js", "app.mjs"],
      ["node", "--js", "server.mjs"],
    ] as const) {
      const { folder } = await init({}, "--runtime", runtime, language);
      symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
      files.push(join(folder, file));
    }
    const entries = (names: string[], pathOf: (name: string) => string) =>
      Object.fromEntries(names.map((name) => [`latchkey/${name}`, [pathOf(name)]]));
    const program = ts.createProgram(files, {
      strict: true,
      allowJs: true,
      checkJs: true,
      noEmit: true,
      skipLibCheck: true,
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      moduleDetection: ts.ModuleDetectionKind.Force,
      types: ["node"],
      typeRoots: [join(root, "node_modules/@types")],
      paths: {
        "#aead": [join(root, "core/seal/aead.d.ts")],
        "#bytes": [join(root, "core/seal/aead.d.ts")],
        ...entries(["express", "node", "edge"], (name) => join(root, `adapters/${name}.ts`)),
      },
    });
    const complaints = files.flatMap((file) => {
      const source = program.getSourceFile(file);
      return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    });
    expect(complaints.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " "))).toEqual([]);
  });
});

describe("the variables", () => {
  test("have a fresh secret, and text that check explains", async () => {
    const [one, other] = await Promise.all([init({}), init({})]);
    const secretOf = (text: string) => /^LATCHKEY_SECRET=([\w-]{43})$/m.exec(text)?.[1];
    expect(secretOf(one.read(".env"))).toBeDefined();
    expect(secretOf(one.read(".env"))).not.toBe(secretOf(other.read(".env")));
    const { out } = await runHere(["check"], { folder: one.folder });
    for (const name of ["LATCHKEY_ISSUER", "LATCHKEY_CLIENT_ID", "LATCHKEY_CLIENT_SECRET"])
      expect(out).toMatch(new RegExp(`^✗ \\w+ \\(${name}\\) (is a placeholder|still has the text)`, "m"));
    expect(one.out).not.toContain(secretOf(one.read(".env")));
  });

  test("take their values from flags", async () => {
    const { read, out } = await init(
      {},
      "--issuer",
      "https://op.example",
      "--client-id",
      "shop",
      "--client-secret",
      "x",
      "--base-url",
      "http://localhost:4000",
    );
    expect(read(".env")).toMatch(
      /ISSUER=https:\/\/op\.example\n[\s\S]*CLIENT_ID=shop\n.*CLIENT_SECRET=x\n[\s\S]*BASE_URL=http:\/\/localhost:4000\n/,
    );
    expect(out).toContain(
      "redirect URI http://localhost:4000/auth/callback, post-logout redirect URI http://localhost:4000/",
    );
  });

  test.each(["a#b", "it's", 'say "#"', "two words", 'it\'s "both"'])("may be %j", async (secret) => {
    const { read } = await init({}, "--client-secret", secret);
    expect(parseEnv(read(".env"))["LATCHKEY_CLIENT_SECRET"]).toBe(secret);
    expect(parseVariables(read(".env"))["LATCHKEY_CLIENT_SECRET"]).toBe(secret);
  });

  test("are asked for where a person can answer", async () => {
    const asked: string[] = [];
    const folder = folderWith();
    const ask = async (question: string) => {
      asked.push(question);
      return question.startsWith("Client id") ? "shop" : "";
    };
    await runHere(["init", "--issuer", "https://op.example"], { folder, ask, isInteractive: true });
    expect(asked.map((each) => each.split(" ").slice(0, 2).join(" "))).toEqual([
      "Client id",
      "Client secret",
      "URL of",
    ]);
    expect(readFileSync(join(folder, ".env"), "utf8")).toContain("LATCHKEY_CLIENT_ID=shop\n");
    await runHere(["init", "--yes"], { folder: folderWith(), ask, isInteractive: true });
    expect(asked).toHaveLength(3);
  });

  test("that exist stay; those that are missing are appended, and a second run changes nothing", async () => {
    const before = 'DATABASE_URL=postgres://x\nLATCHKEY_SECRET="mine"';
    const { read, out, again } = await init({ ".env": before });
    expect(read(".env").startsWith(`${before}\n`)).toBe(true);
    expect(read(".env").match(/LATCHKEY_SECRET/g)).toHaveLength(1);
    expect(out).toContain("+ .env: LATCHKEY_ISSUER, LATCHKEY_CLIENT_ID, LATCHKEY_CLIENT_SECRET, LATCHKEY_BASE_URL");
    const after = [read(".env"), read(".gitignore"), read("app.mjs")];
    expect((await again()).out).toContain(".env has all variables already");
    expect([read(".env"), read(".gitignore"), read("app.mjs")]).toEqual(after);
  });
});

test("a file that exists stays, and the output shows what to put there", async () => {
  const { read, out } = await init({ "package.json": manifest("next"), "app/page.js": "mine" });
  expect(read("app/page.js")).toBe("mine");
  expect(out).toContain("app/page.js exists, and stays as it is. latchkey needs this there:");
  expect(out).toContain("  export default function Home() {");
});

describe(".gitignore", () => {
  test.each([
    ["", ".env", ".env\n"],
    ["node_modules", ".env", "node_modules\n.env\n"],
    [".env", ".env", undefined],
    ["/.env\r\n", ".env", undefined],
    [".env*", ".env.local", undefined],
    ["*.local\n", ".env.local", undefined],
    [".env.local\n", ".env", ".env.local\n.env\n"],
    ["# .env\n", ".env", "# .env\n.env\n"],
    [".env*\n!.env\n", ".env", ".env*\n!.env\n.env\n"],
    [".dev?vars", ".dev.vars", undefined],
  ])("%j and %s", (text, file, expected) => {
    expect(withIgnored(text, file)).toBe(expected);
  });
});

test.each([
  [{}, "express", "npm install latchkey express", "node --env-file=.env app.mjs"],
  [{ "pnpm-lock.yaml": "" }, "express", "pnpm add latchkey express", "node --env-file=.env app.mjs"],
  [
    { "package.json": manifest("latchkey", "next") },
    "next-pages",
    "npx latchkey check --mount /api/auth",
    "npm run dev",
  ],
  [{}, "workers", "npm install --save-dev wrangler", "npx wrangler dev app.js --port 3000"],
  [{}, "hono", "bun add latchkey hono", "bun app.ts"],
] as Array<[Record<string, string>, string, string, string]>)(
  "in %j for %s it says how to go on",
  async (files, runtime, ...lines) => {
    const { out } = await init(files, "--runtime", runtime);
    for (const line of lines)
      expect(out).toMatch(
        new RegExp(`^\\d\\. ${line.replaceAll(/[.]/g, "\\.")}(, and open http://localhost:3000/)?$`, "m"),
      );
  },
);
