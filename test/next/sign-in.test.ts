import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { launch } from "../support/chromium.js";
import { signIn, submitForms } from "./chromium.js";
import { startWorld, type World } from "./world.js";

let browser: Browser;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

async function freshContext(javaScriptEnabled = true): Promise<void> {
  await context?.close();
  context = await browser.newContext({ javaScriptEnabled });
  context.setDefaultTimeout(15_000);
  page = await context.newPage();
}
beforeEach(() => freshContext());
afterEach(() => context?.close());

const heading = () => page.textContent("h1");

describe.each(["15", "16"])("Next %s in a real browser", (version) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld(`main-${version}`);
  });
  afterAll(() => world?.stop());

  test("a user signs in and returns to the page, and every kind of page and handler reads the session", async () => {
    await signIn(page, world);
    expect(await heading()).toBe("Hello Ada Lovelace");
    const json = async (path: string) => (await context.request.get(world.base + path)).json();
    expect(await json("/session")).toMatchObject({ user: { sub: "ada", name: "Ada Lovelace" } });
    const { user, token } = await json("/api/private");
    expect(user.sub).toBe("ada");
    await page.goto(`${world.base}/gssp`);
    expect(await heading()).toBe("Ada Lovelace (ada)");
    expect(await page.textContent("#token")).toBe(token);
    await page.goto(`${world.base}/server-token`);
    expect(await page.textContent("#token")).toBe(token);
    await page.goto(`${world.base}/initial`);
    expect(await heading()).toBe("Ada Lovelace");
    await page.goto(`${world.base}/account`);
    expect(await page.title()).toBe("Ada Lovelace");
  });

  test.each([
    ["/account", "Account of Grace Hopper"],
    ["/inside", "Inside"],
    ["/gssp", "Grace Hopper (grace)"],
    ["/gssp?a=1&b=%2F", "Grace Hopper (grace)"],
    ["/own/guarded?x=1", undefined],
  ])("%s redirects to sign in and back", async (path, title) => {
    await page.goto(world.base + path);
    await submitForms(page, "grace");
    await page.waitForURL(world.base + path);
    if (title) expect(await heading()).toBe(title);
    else expect(decodeURIComponent((await page.textContent("pre")) ?? "")).toContain('"user":"grace"');
  });

  test("a router link to a guarded page redirects to sign in and back", async () => {
    await page.goto(`${world.base}/home`);
    await page.click("a:text-is('Account')");
    await submitForms(page);
    await page.waitForURL(`${world.base}/account`);
    expect(await heading()).toBe("Account of Ada Lovelace");
  });

  test("a Pages Router link to a guarded page redirects to sign in and back; with a session it needs no reload", async () => {
    await page.goto(`${world.base}/pages-home`);
    await page.click("text=Server-side props");
    await submitForms(page);
    await page.waitForURL(`${world.base}/gssp`);
    await page.goto(`${world.base}/pages-home`);
    await page.evaluate(() => Object.assign(window, { notReloaded: true }));
    await page.click("text=Server-side props");
    await page.waitForSelector("h1:has-text('Ada Lovelace (ada)')");
    expect(await page.evaluate(() => "notReloaded" in window)).toBe(true);
  });

  test.each([true, false])(
    "a server action updates the session, and the page shows it (JavaScript: %s)",
    async (on) => {
      await freshContext(on);
      await signIn(page, world);
      expect(await page.textContent("#count")).toBe("0");
      await page.click("button:text-is('Count')");
      await page.waitForSelector("#count:text-is('1')");
      await page.click("button:text-is('Go on')");
      await page.waitForURL(`${world.base}/account`);
      await page.waitForSelector("#count:text-is('2')");
      await page.reload();
      expect(await page.textContent("#count")).toBe("2");
    },
  );

  test.each([true, false])("a server action starts the sign-in (JavaScript: %s)", async (on) => {
    await freshContext(on);
    await page.goto(`${world.base}/home`);
    await page.click("button:text-is('Enter')");
    await submitForms(page);
    await page.waitForURL(`${world.base}/account`);
    expect(await heading()).toBe("Account of Ada Lovelace");
  });

  /** Confirms the sign-out at the provider, and expects the app to show that the user is signed out. */
  async function confirmSignOut(): Promise<void> {
    await page.click("button:has-text('Sign out')");
    await page.waitForURL(`${world.base}/home`);
    expect(await heading()).toBe("Signed out");
    const left = (await context.cookies(world.base)).map(({ name }) => name);
    expect(left.filter((name) => /^latchkey\..*\.(id|tok|seen)/.test(name))).toEqual([]);
  }

  test.each([true, false])("a server action signs out of the app and the provider (JavaScript: %s)", async (on) => {
    await freshContext(on);
    await signIn(page, world);
    await page.click("button:text-is('Leave')");
    await confirmSignOut();
  });

  test("a form and a link sign out of the app and the provider", async () => {
    await signIn(page, world);
    await page.click("button:text-is('Post')");
    await confirmSignOut();
    await signIn(page, world);
    await page.click("a:text-is('Sign out')");
    await confirmSignOut();
  });

  test("a user who signs out in one tab is signed out in another tab", async () => {
    await signIn(page, world);
    const other = await context.newPage();
    await other.goto(`${world.base}/home`);
    expect(await other.textContent("h1")).toBe("Hello Ada Lovelace");
    await page.click("button:text-is('Leave')");
    await confirmSignOut();
    // The other tab still shows the old page; its next navigation has no session.
    await other.click("a:text-is('Account')");
    await other.waitForURL((url) => url.origin === world.issuer);
    await other.goto(`${world.base}/home`);
    expect(await other.textContent("h1")).toBe("Signed out");
  });
});
