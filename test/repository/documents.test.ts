import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { slugOf } from "../../docs/.vitepress/slug.js";
import { type Block, blocks, documentAt, documents, filesIn, root } from "../support/documents.js";
import { membersOf, published, typeOf } from "../support/options.js";

const repository = "https://github.com/latchkey/latchkey/blob/main/";
const places = ({ document, line }: Block) => `${document}:${line}`;
const isCode = ({ language }: Block) => /^[jt]sx?$/.test(language);

describe("blocks of code", () => {
  test("each is run by a test, or says why none can run it", () => {
    const unmarked = blocks.filter((block) => isCode(block) && !block.test && !block.notRun);
    expect(unmarked.map(places)).toEqual([]);
  });

  test("each test that a block names exists", () => {
    const tests = ["repository", "next", "e2e"].flatMap((folder) =>
      readdirSync(join(root, "test", folder), { recursive: true, encoding: "utf8" })
        .filter((path) => path.endsWith(".ts"))
        .map((path) => readFileSync(join(root, "test", folder, path), "utf8")),
    );
    const names = new Set(blocks.flatMap(({ test }) => test ?? []));
    expect(names.size).toBeGreaterThan(20);
    expect([...names].filter((name) => !tests.some((code) => code.includes(`"${name}"`)))).toEqual([]);
  });
});

describe("every block of TypeScript", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "latchkey-documents-"));
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(root, join(folder, "node_modules/latchkey"));
    for (const name of [
      "express",
      "hono",
      "ioredis",
      "next",
      "pg",
      "pino",
      "react",
      "react-dom",
      "redis",
      "@modelcontextprotocol",
      "@opentelemetry",
      "@types",
    ])
      symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Files of the app that the blocks import and no page shows. */
  const OTHERS: Readonly<Record<string, string>> = {
    "auth.ts": 'import { createAuth } from "latchkey/next";\nexport const auth = createAuth();\n',
    "report.ts": "export const report = async (token: string): Promise<object> => ({ token });\n",
  };
  const STUBS = `declare module "next-intl/middleware" {
    const createMiddleware: (options: object) => (request: import("next/server").NextRequest) => Response;
    export default createMiddleware;
  }`;
  const compilerOptions = {
    strict: true,
    target: "es2022",
    module: "esnext",
    moduleResolution: "bundler",
    moduleDetection: "force",
    jsx: "react-jsx",
    lib: ["es2022", "dom", "dom.iterable"],
    types: ["node", "react"],
    skipLibCheck: true,
    noEmit: true,
    // As create-next-app writes it. All apps have one auth.ts, because a program has one such alias.
    paths: { "@/auth": ["./auth.ts"] },
  };

  test("compiles under strict", () => {
    const typed = blocks.filter(({ language }) => /^tsx?$/.test(language));
    expect(typed.length).toBeGreaterThan(30);
    // A type that a block registers applies to a whole program, so these blocks have a program of their own.
    const programs = { app: ["stubs.d.ts"], registered: ["stubs.d.ts"] };
    const write = (path: string, code: string) => {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), code);
    };
    for (const [index, block] of typed.entries()) {
      // The app of a block consists of the files of its page with other paths, and of files that no page shows.
      const app = `${index}`;
      const others = typed.filter(({ document }) => document === block.document).flatMap(({ code }) => filesIn(code));
      const named = others.filter(({ path }) => path !== "");
      for (const [path, code] of Object.entries(OTHERS)) write(join(app, path), code);
      for (const { path, code } of named) write(join(app, path), code);
      for (const { path, code } of filesIn(block.code)) {
        const file = join(app, path || `block.${block.language}`);
        write(file, code);
        programs[code.includes('declare module "latchkey"') ? "registered" : "app"].push(file);
      }
    }
    write("stubs.d.ts", STUBS);
    write("auth.ts", OTHERS["auth.ts"] as string);
    write("package.json", '{ "type": "module" }');
    let output = "";
    for (const [name, files] of Object.entries(programs)) {
      write(`${name}.json`, JSON.stringify({ compilerOptions, files }));
      try {
        execFileSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", `${name}.json`], {
          cwd: folder,
          encoding: "utf8",
        });
      } catch (error) {
        output += (error as { stdout: string }).stdout;
      }
    }
    const located = output.replace(
      /^(\d+)\/(?=\S+\()/gm,
      (_match, index) => `${places(typed[Number(index)] as Block)} `,
    );
    expect(located).toBe("");
  });
});

describe("links", () => {
  /** The anchors of a page, by the rule that GitHub and the site share. */
  const anchorsOf = (path: string): readonly string[] =>
    [
      ...documentAt(path)
        .replace(/^```[\s\S]*?^```/gm, "")
        .matchAll(/^#+ (.+)$/gm),
    ].map(([, heading]) => slugOf((heading as string).replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")));
  const links = documents.flatMap(({ path, text }) =>
    [...text.replace(/^```[\s\S]*?^```/gm, "").matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => ({
      path,
      target: target as string,
    })),
  );

  test("lead to files and headings that exist", () => {
    const inside = links.filter(({ target }) => target.startsWith(repository) || !/^\w+:/.test(target));
    expect(inside.length).toBeGreaterThan(100);
    const broken = inside.filter(({ path, target }) => {
      const [file = "", anchor] = target.replace(repository, "").split("#");
      const found = target.startsWith(repository) ? file : relative(root, join(root, dirname(path), file));
      const page = file === "" ? path : found;
      return !existsSync(join(root, page)) || (anchor !== undefined && !anchorsOf(page).includes(anchor));
    });
    expect(broken).toEqual([]);
  });

  test("of the README are absolute, except to files that npm publishes with it", () => {
    const relatives = links.filter(({ path, target }) => path === "README.md" && !/^https:/.test(target));
    const { files } = JSON.parse(documentAt("package.json")) as { files: readonly string[] };
    // npm always publishes a licence.
    expect(relatives.map(({ target }) => target).filter((target) => ![...files, "LICENSE"].includes(target))).toEqual(
      [],
    );
  });

  test("lead from docs/index.md and from the site's sidebar to every page", () => {
    const pages = documents.map(({ path }) => path).filter((path) => /^docs\/(?!index)/.test(path));
    const listed = links.filter(({ path }) => path === "docs/index.md").map(({ target }) => target.replace(/#.*/, ""));
    expect(pages.filter((path) => !listed.includes(path.slice("docs/".length)))).toEqual([]);
    const config = documentAt("docs/.vitepress/config.js");
    const names = pages.map((path) => /(\w[\w-]*)\.md$/.exec(path)?.[1] as string);
    expect(names.filter((name) => !config.includes(`${name}"`))).toEqual([]);
  });
});

describe("the reference lists", () => {
  const codesIn = (page: string, heading: string): readonly string[] => {
    const [, section = ""] = documentAt(page).split(new RegExp(`^## ${heading}$`, "m"));
    return [...(section.split(/^## /m)[0] as string).matchAll(/^\| `(\w+)` \|/gm)].map(([, code]) => code as string);
  };

  test("every code of an ExchangeError, and no other", () => {
    const codes = membersOf(typeOf("express", "ExchangeErrorCode"));
    expect(codes.length).toBeGreaterThan(15);
    expect([...codesIn("docs/reference/errors.md", "ExchangeError")].sort()).toEqual([...codes].sort());
  });

  test("every code of a MisuseError, and no other", () => {
    const codes = membersOf(typeOf("index", "MisuseCode"));
    expect(codes.length).toBeGreaterThan(5);
    expect([...codesIn("docs/reference/errors.md", "MisuseError")].sort()).toEqual([...codes].sort());
  });

  test("every reason for which a request has no session, and no other but that of a silent sign-in", () => {
    const reasons = membersOf(typeOf("index", "SessionRefusal"));
    expect(reasons.length).toBeGreaterThan(10);
    const [, section = ""] = documentAt("docs/reference/errors.md").split(/^## Why there is no session$/m);
    const listed = [...section.matchAll(/^\| (`\w+`(?:, `\w+`)*) \|/gm)].flatMap(([, names = ""]) =>
      names.match(/\w+/g),
    );
    expect(listed.sort()).toEqual([...reasons, "login_required"].sort());
  });

  test("every type of event, and no other", () => {
    const { checker } = published();
    const event = typeOf("express", "LatchkeyEvent");
    const kinds = (event.isUnion() ? event.types : [event]).flatMap((each) => {
      const type = checker.getPropertyOfType(each, "type");
      return type ? membersOf(checker.getTypeOfSymbol(type)) : [];
    });
    expect(kinds.length).toBeGreaterThan(5);
    const listed = [...documentAt("docs/reference/events.md").matchAll(/^\| `(\w+)` \| (?!when)/gm)].map(
      ([, name]) => name,
    );
    expect(listed.sort()).toEqual([...new Set(kinds)].sort());
  });
});

describe("names", () => {
  /** Every word of the published declarations, of the options of providers and of errors. */
  const known = new Set(
    readdirSync(join(root, "dist"))
      .filter((name) => name.endsWith(".d.ts"))
      .flatMap((name) => readFileSync(join(root, "dist", name), "utf8").match(/[A-Za-z_$][\w$]*/g) ?? []),
  );
  /** Names of the platform, of frameworks and of other libraries that the pages speak of. */
  const OTHERS = new Set(
    (
      "getServerSideProps generateMetadata cacheComponents basePath packageExports authParams redirectTo loginWithRedirect loginWithPopup " +
      "getAccessTokenSilently getTokenSilently logoutParams withAuthenticationRequired cacheLocation vmThreads TextEncoder " +
      "toObject IncomingMessage isFromOwnPage AsyncLocalStorage createApp closeIdleConnections transformIgnorePatterns " +
      "vmForks ReadableStream TextDecoder structuredClone setImmediate"
    ).split(" "),
  );

  test("of the interface that the pages use are in the published types", () => {
    const unknown = documents.flatMap(({ path, text }) =>
      [...text.replace(/^```[\s\S]*?^```/gm, "").matchAll(/`([^`\n]+)`/g)]
        .map(([, code]) => code as string)
        // Code, not a command, a header, a URL, a path or a cookie.
        .filter((code) => /^[A-Za-z_$][\w$.]*(\(.*\))?$/.test(code.replace(/^(await|return|new) /, "")))
        .flatMap((code) => code.replace(/^(await|return|new) /, "").match(/[A-Za-z_$][\w$]*(?=[.(]|$)/g) ?? [])
        .filter((name) => /[a-z][A-Z]/.test(name) && !known.has(name) && !OTHERS.has(name))
        .map((name) => `${path}: ${name}`),
    );
    expect([...new Set(unknown)]).toEqual([]);
  });

  test("that blocks of JavaScript import are exported", () => {
    const { exportsOf } = published();
    const missing = blocks
      .filter(({ language }) => /^jsx?$/.test(language))
      .flatMap((block) => {
        const file = ts.createSourceFile("block.js", block.code, ts.ScriptTarget.Latest);
        return file.statements.filter(ts.isImportDeclaration).flatMap(({ moduleSpecifier, importClause }) => {
          const name = (moduleSpecifier as ts.StringLiteral).text;
          const entry = name === "latchkey" ? "index" : name.replace(/^latchkey\//, "");
          if (!name.startsWith("latchkey")) return [];
          const bindings = importClause?.namedBindings;
          if (!bindings || !ts.isNamedImports(bindings)) return [];
          const exported = exportsOf(entry).map(({ name }) => name);
          return bindings.elements
            .map(({ name, propertyName }) => (propertyName ?? name).text)
            .filter((name) => !exported.includes(name))
            .map((name) => `${places(block)} ${name}`);
        });
      });
    expect(missing).toEqual([]);
  });
});
