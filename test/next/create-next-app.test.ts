import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from "vitest";
import { launch } from "../support/chromium.js";
import { submitForms } from "./chromium.js";
import { startWorld, type World } from "./world.js";

let browser: Browser;
let page: Page;
let world: World;
/** Warnings and errors in the browser's console. */
let printed: string[];
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());
afterEach(async () => {
  await page?.context().close();
  await world?.stop();
});

/** Starts a created app with a command of Next, and opens a page of it in a new browser. */
async function open(name: string, command: string, path = "/", options?: null): Promise<void> {
  const variables = options === null ? { options } : {};
  world = await startWorld(name, {
    host: "localhost",
    variables: true,
    file: true,
    command: command.split(" "),
    ...variables,
  });
  page = await (await browser.newContext()).newPage();
  // The first request of `next dev` waits for a compiler.
  page.setDefaultTimeout(60_000);
  printed = [];
  page.on("console", (message) => {
    if (/error|warning/.test(message.type())) printed.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => printed.push(`error: ${error.message}`));
  await page.goto(world.base + path);
}

const shows = (text: string) => page.waitForSelector(`text=${text}`);

/** Presses the app's button, and confirms at the provider. */
async function signOut(): Promise<void> {
  await page.click("button:has-text('Sign out')");
  await page.waitForURL(/\/session\/end/);
  await page.click("button:has-text('Sign out')");
  await page.waitForURL(`${world.base}/`);
  await shows("Sign in");
}

/** Neither Next nor the browser complains: in the server's log, in the console, and in the overlay of `next dev`. */
async function expectNoComplaint(command: string): Promise<void> {
  // The overlay shows an issue some time after the page.
  await page.waitForTimeout(1000);
  const lines = [...world.log().split("\n"), ...printed];
  expect(lines.filter((line) => /unstable value|runtime data|error|warn|⨯|⚠/i.test(line))).toEqual([]);
  if (command === "start") return;
  await page.waitForSelector("nextjs-portal [data-next-badge][data-error=false]", { state: "attached" });
  expect(await page.locator("nextjs-portal [data-issues]").count()).toBe(0);
}

describe("an untouched app of create-next-app with the files of the quick start", () => {
  test.each(["created", "created-src"])("%s: the build needs no variables, and neither warns nor complains", (name) => {
    const output = inject("apps")[name]?.output as string;
    expect(output).toMatch(/Cache Components enabled[\s\S]*Compiled successfully[\s\S]*Finished TypeScript/);
    expect(output).toMatch(/◐ \/\n/);
    expect(output).not.toMatch(/unstable value|runtime data|error|warn|⨯|⚠/i);
  });

  test("the files pass the app's own lint", async () => {
    const { folder } = inject("apps")["created-src"] as { folder: string };
    const lint = promisify(execFile)(process.execPath, ["node_modules/eslint/bin/eslint.js"], { cwd: folder });
    expect((await lint.catch((failed) => failed)).stdout).toBe("");
  });

  test.each(["start", "dev", "dev --webpack"])(
    "next %s: a user signs in, is signed in on the next visit as well, and signs out",
    async (command) => {
      await open("created", command);
      await page.click("text=Sign in");
      await submitForms(page);
      await page.waitForURL(`${world.base}/`);
      await shows("Signed in as ada.");
      await page.reload();
      await shows("Signed in as ada.");
      await expectNoComplaint(command);
      await signOut();
      await expectNoComplaint(command);
    },
  );

  test.each(["start", "dev"])(
    "next %s, with a src/ folder: a page that needs a session sends a visitor to sign in and back, and a server action signs out",
    async (command) => {
      await open("created-src", command, "/account");
      await submitForms(page);
      await page.waitForURL(`${world.base}/account`);
      await shows("The account of Ada Lovelace.");
      const invoices = await page.request.get(`${world.base}/invoices`);
      expect((await invoices.json()).user.sub).toBe("ada");
      await expectNoComplaint(command);
      await signOut();
      await expectNoComplaint(command);
    },
  );
});

describe("next dev", () => {
  test("keeps the session when the file that creates `auth` changes, and can print `auth`", async () => {
    const file = join(inject("apps")["created"]?.folder as string, "auth.ts");
    const before = readFileSync(file, "utf8");
    await open("created", "dev", "/auth/login");
    try {
      await submitForms(page);
      await page.waitForURL(`${world.base}/`);
      await shows("Signed in as ada.");
      writeFileSync(file, `${before}\nconsole.log("created anew", auth);\n`);
      await expect.poll(() => world.log(), { timeout: 30_000 }).toContain("created anew");
      await page.reload();
      await shows("Signed in as ada.");
      await expectNoComplaint("dev");
    } finally {
      writeFileSync(file, before);
    }
  });

  test("without variables names all that are missing, in the page and in the log", async () => {
    await open("created", "dev", "/", null);
    const dialog = page.locator("nextjs-portal [data-nextjs-dialog]");
    for (const name of ["ISSUER", "CLIENT_ID", "CLIENT_SECRET", "SECRET", "BASE_URL"]) {
      await expect.poll(() => dialog.textContent()).toContain(`(LATCHKEY_${name})`);
      expect(world.log()).toContain(`(LATCHKEY_${name})`);
    }
    // Next's own files are there, so that its error page has its styles.
    expect(world.log().match(/⨯/g)?.length).toBeLessThan(5);
  });
});
