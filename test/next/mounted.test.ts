import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { launch } from "../support/chromium.js";
import { submitForms } from "./chromium.js";
import { answerProvider, createClient, locationOf } from "./client.js";
import { startWorld, type World } from "./world.js";

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

describe.each(["15", "16"])("Next %s with a basePath, trailing slashes and locales", (version) => {
  let world: World;
  let page: Page;
  beforeAll(async () => {
    world = await startWorld(`mounted-${version}`, { basePath: "/docs", trailingSlash: true });
  });
  afterAll(() => world?.stop());
  beforeEach(async () => {
    const context = await browser.newContext();
    context.setDefaultTimeout(15_000);
    page = await context.newPage();
    return () => context.close();
  });

  test.each([
    ["getServerSideProps", "/gssp/?a=1", "Ada Lovelace (ada)"],
    ["getServerSideProps in another language", "/de/gssp/?a=1", "Ada Lovelace (ada)"],
    ["a route handler", "/session/", undefined],
  ])("%s redirects to sign in and back", async (_, path, title) => {
    await page.goto(world.base + path);
    await submitForms(page);
    await page.waitForURL(world.base + path);
    if (title) expect(await page.textContent("h1")).toBe(title);
    else expect(await page.textContent("body")).toContain("Ada Lovelace");
    if (path.startsWith("/de/")) expect(await page.textContent("#locale")).toBe("de");
  });

  test("a sign-out link has no effect until it is clicked", async () => {
    await page.goto(`${world.base}/auth/login/?returnTo=/docs/home/`);
    await submitForms(page);
    await page.waitForURL(`${world.base}/home/`);
    await page.click("text=Prefetch");
    await page.waitForLoadState("networkidle");
    await page.reload();
    expect(await page.textContent("h1")).toBe("Hello Ada Lovelace");
    await page.click("a:text-is('Sign out')");
    await page.click("button:has-text('Sign out')");
    await page.waitForURL(/\/docs\/home/);
    expect(await page.textContent("h1")).toBe("Signed out");
  });

  test("server actions update the session, and one redirects within the app", async () => {
    await page.goto(`${world.base}/auth/login/?returnTo=/docs/home/`);
    await submitForms(page);
    await page.waitForURL(`${world.base}/home/`);
    await page.click("button:text-is('Count')");
    await page.waitForSelector("#count:text-is('1')");
    await page.click("button:text-is('Go on')");
    await page.waitForURL(`${world.base}/account/`);
    await page.waitForSelector("#count:text-is('1'), #count:text-is('2')");
    expect(await page.textContent("#count")).toBe("2");
  });

  test("the redirect URI has the basePath and the slash; a login URL without the slash keeps its returnTo", async () => {
    const callback = page.waitForRequest((request) => request.url().includes("/callback"));
    await page.goto(`${world.base}/auth/login?returnTo=/docs/home/%3Fa=1`);
    await submitForms(page);
    await page.waitForURL(`${world.base}/home/?a=1`);
    const { origin, pathname } = new URL((await callback).url());
    expect(origin + pathname).toBe(`${world.base}/auth/callback/`);
    expect(await page.textContent("h1")).toBe("Hello Ada Lovelace");
  });

  test("without returnTo the user returns to the app's basePath", async () => {
    const client = createClient();
    const end = await answerProvider(client, await client.open(`${world.base}/auth/login/`));
    expect(end.url).toMatch(new RegExp(`^${world.base}/?$`));
    const refused = await createClient().open(`${world.base}/required/`);
    expect(locationOf(refused)).toBe(`${world.base}/auth/login/?returnTo=%2Fdocs%2F`);
  });

  test("a client-side transition of the Pages Router redirects to sign in and back, and keeps the locale", async () => {
    await page.goto(`${world.base}/de/pages-home/`);
    await page.click("text=Server-side props");
    await submitForms(page);
    await page.waitForURL(`${world.base}/de/gssp/`);
    expect(await page.textContent("#locale")).toBe("de");
    expect(await page.textContent("h1")).toBe("Ada Lovelace (ada)");
  });
});
