import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createTestProvider, mintSession } from "../../adapters/testing/index.js";
import { folderWith, runHere } from "../support/cli.js";
import { blocks, root } from "../support/documents.js";

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
