import { readFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { barriers } from "../support/axe.js";
import { launch } from "../support/chromium.js";
import { type Example, startExample } from "../support/example.js";
import { submitForms } from "./chromium.js";

let browser: Browser;
let page: Page;
let example: Example | undefined;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());
afterEach(async () => {
  await page?.context().close();
  await example?.stop();
});

/** Starts an example and opens a browser page. Returns the example's address. */
async function start(name: string): Promise<string> {
  example = await startExample(name);
  page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(15_000);
  return example.address;
}

/** Confirms the sign-out at the provider, which redirects back to the app. */
async function confirmSignOut(app: string): Promise<void> {
  await page.click("button:has-text('Sign out')");
  await page.waitForURL(`${app}/`);
}

describe("npm run example", () => {
  test("next-app: a user signs in, counts in a server action, sees the account page and signs out", {
    timeout: 180_000,
  }, async () => {
    const app = await start("next-app");
    await page.goto(app);
    await page.click("text=Sign in");
    await submitForms(page);
    await page.waitForURL(`${app}/`);
    expect(await page.textContent("h1")).toBe("Hello Ada Lovelace");
    await page.click("button:has-text('Counted 0 times')");
    await page.waitForSelector("button:has-text('Counted 1 times')");
    await page.click("text=Account");
    await page.waitForSelector("pre");
    expect(JSON.parse((await page.textContent("pre")) as string)).toMatchObject({ sub: "ada" });
    expect(await barriers(page)).toEqual([]);
    await page.goto(app);
    await page.waitForSelector("h1");
    expect(await barriers(page)).toEqual([]);
    await page.click("button:has-text('Sign out')");
    await page.waitForURL(/\/session\/end/);
    await confirmSignOut(app);
    await page.goto(`${app}/account`);
    // The page is streamed, and the browser follows its redirect after it has loaded.
    await page.waitForURL(/\/interaction\//);
  });

  test("next-pages: a user of an app written for nextjs-auth0 0.x signs in, sees the profile, calls the API and signs out", {
    timeout: 180_000,
  }, async () => {
    const app = await start("next-pages");
    await page.goto(app);
    await page.waitForSelector("text=You are not signed in");
    await page.goto(`${app}/profile`);
    await submitForms(page);
    await page.waitForURL(`${app}/profile`);
    expect(await page.textContent("h1")).toBe("Ada Lovelace");
    await page.click("text=Shows");
    await page.waitForSelector("#shows");
    expect(JSON.parse((await page.textContent("#shows")) as string)).toMatchObject({ sub: "ada" });
    // In the browser `getInitialProps` fetches /api/me, although its page also imports the module for the server.
    await page.goto(app);
    await page.waitForSelector("text=Hello Ada Lovelace");
    expect(await barriers(page)).toEqual([]);
    await page.click("text=Profile");
    await page.waitForURL(`${app}/profile`);
    expect(await page.textContent("h1")).toBe("Ada Lovelace");
    await page.click("text=Sign out");
    await page.waitForURL(/\/session\/end/);
    await confirmSignOut(app);
    await page.waitForSelector("text=You are not signed in");
    expect((await page.request.get(`${app}/api/me`)).status()).toBe(401);
    expect((await page.request.get(`${app}/api/shows`)).status()).toBe(401);
  });

  test("express-next: a user signs in through Express, and Next's pages read the session", {
    timeout: 180_000,
  }, async () => {
    const app = await start("express-next");
    await page.goto(`${app}/profile`);
    await submitForms(page);
    await page.waitForURL(`${app}/profile`);
    expect(JSON.parse((await page.textContent("pre")) as string)).toMatchObject({ sub: "ada" });
    await page.goto(app);
    expect(await page.textContent("h1")).toBe("Hello Ada Lovelace");
    expect(await barriers(page)).toEqual([]);
    await page.click("button:has-text('Sign out')");
    await page.waitForURL(/\/session\/end/);
    await confirmSignOut(app);
    await page.waitForSelector("text=Sign in");
  });
});

test("next-pages calls the functions of nextjs-auth0 0.x and imports them from latchkey/next", () => {
  const read = (path: string) => readFileSync(new URL(`../../examples/next-pages/${path}`, import.meta.url), "utf8");
  expect(read("lib/auth0.js")).toContain('import { initAuth0 } from "latchkey/next"');
  for (const name of ["Login", "Callback", "Logout"])
    expect(read(`pages/api/${name.toLowerCase()}.js`)).toContain(`await auth0.handle${name}(req, res`);
  expect(read("pages/api/me.js")).toContain("await auth0.handleProfile(req, res)");
  expect(read("pages/api/shows.js")).toContain("const { accessToken } = await auth0.getSession(req)");
  expect(read("pages/profile.js")).toContain("const session = await auth0.getSession(req)");
});
