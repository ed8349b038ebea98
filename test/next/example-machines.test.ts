import { spawnSync } from "node:child_process";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launch } from "../support/chromium.js";
import { installed } from "../support/databases.js";
import { type Example, startExample } from "../support/example.js";
import { submitForms } from "./chromium.js";

const MACHINES = ["A, with Express", "B, with Express", "C, with Next.js"];

/** Needs Redis in the PATH, as the example does. */
describe.skipIf(!installed.redis)("npm run example machines (needs redis-server)", () => {
  let browser: Browser;
  let example: Example;
  const failures: string[] = [];
  beforeAll(async () => {
    browser = await launch();
    example = await startExample("machines");
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await example?.stop();
  });

  /** A browser of its own, with the page of the example. */
  async function open(): Promise<Page> {
    const page = await (await browser.newContext()).newPage();
    page.setDefaultTimeout(15_000);
    page.on("pageerror", (error) => failures.push(String(error)));
    page.on("response", (response) => {
      if (response.status() >= 400 && !response.url().endsWith("/favicon.ico")) failures.push(response.url());
    });
    await page.goto(example.address);
    return page;
  }

  async function signIn(page: Page): Promise<void> {
    await page.click("text=Sign in");
    await submitForms(page);
    await page.waitForURL(`${example.address}/`);
  }

  /** What the page shows on each machine, by the machine's name. */
  async function onEachMachine(page: Page): Promise<Record<string, string>> {
    const shown: Record<string, string> = {};
    // The browser may ask for an icon in between, so that a machine answers twice before another one does.
    for (let visits = 0; Object.keys(shown).length < MACHINES.length && visits < 20; visits++) {
      await page.goto(example.address);
      const [name, text] = [await page.textContent("p b"), await page.textContent("body")];
      shown[name as string] = (text as string).replace(name as string, "");
    }
    expect(Object.keys(shown).sort()).toEqual(MACHINES);
    return shown;
  }

  /** The part of the page that matches, which must be the same on each machine. */
  async function sameOnEach(page: Page, pattern: RegExp): Promise<string> {
    const found = Object.values(await onEachMachine(page)).map((text) => pattern.exec(text)?.[0]);
    expect(found).toEqual(MACHINES.map(() => expect.any(String)));
    expect(new Set(found).size).toBe(1);
    return found[0] as string;
  }

  test("a user is signed in on all machines, has a token that each may refresh, and signs out everywhere", {
    timeout: 120_000,
  }, async () => {
    const [page, other] = [await open(), await open()];
    await sameOnEach(page, /Sign in/);
    await signIn(page);
    await sameOnEach(page, /Hello Ada Lovelace/);
    const token = await sameOnEach(page, /Access token: \w{8}/);
    // The button is clicked on the page of each machine, and its request goes to the next one.
    const tokens = new Set([token]);
    for (let clicks = 0; clicks < MACHINES.length; clicks++) {
      await page.click("text=Refresh the token");
      await page.waitForURL(`${example.address}/`);
      tokens.add(await sameOnEach(page, /Access token: \w{8}/));
    }
    expect(tokens.size).toBe(MACHINES.length + 1);

    await signIn(other);
    await sameOnEach(other, /Your sessions: 2/);
    await page.goto(example.address);
    await page.click("text=Sign out everywhere");
    await page.waitForURL(`${example.address}/`);
    await sameOnEach(page, /Sign in/);
    await sameOnEach(other, /Sign in/);
    expect(failures).toEqual([]);
  });
});

test("npm run example machines says what to do on a machine without Redis", () => {
  // The test above has built the package, so this one needs no program.
  const PATH = installed.redis ? "" : process.env["PATH"];
  const env: NodeJS.ProcessEnv = { ...process.env, PATH };
  delete env["REDIS_URL"];
  const { status, stderr } = spawnSync(process.execPath, ["examples/start.js", "machines"], { env, encoding: "utf8" });
  expect([status, stderr]).toEqual([1, expect.stringMatching(/Install it .*or set REDIS_URL/s)]);
});
