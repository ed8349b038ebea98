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

  test("a person signs in, comes back to the page, and every kind of page and handler knows them", async () => {
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
  ])("%s asks to sign in, and comes back", async (path, title) => {
    await page.goto(world.base + path);
    await submitForms(page, "grace");
    await page.waitForURL(world.base + path);
    if (title) expect(await heading()).toBe(title);
    else expect(decodeURIComponent((await page.textContent("pre")) ?? "")).toContain('"user":"grace"');
  });

  test("a link of the router to a guarded page does the same", async () => {
    await page.goto(`${world.base}/home`);
    await page.click("a:text-is('Account')");
    await submitForms(page);
    await page.waitForURL(`${world.base}/account`);
    expect(await heading()).toBe("Account of Ada Lovelace");
  });

  test("a link of the Pages Router to getServerSideProps: signed in without a reload, else to sign in and back", async () => {
    await page.goto(`${world.base}/pages-home`);
    await page.click("text=Server-side props");
    await submitForms(page);
    await page.waitForURL(`${world.base}/gssp`);
    await page.goto(`${world.base}/pages-home`);
    await page.evaluate(() => Object.assign(window, { kept: true }));
    await page.click("text=Server-side props");
    await page.waitForSelector("h1:has-text('Ada Lovelace (ada)')");
    expect(await page.evaluate(() => "kept" in window)).toBe(true);
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

  /** The provider asks whether to sign out there as well; then the app says that nobody is there. */
  async function signedOut(): Promise<void> {
    await page.click("button:has-text('Sign out')");
    await page.waitForURL(`${world.base}/home`);
    expect(await heading()).toBe("Nobody");
    const left = (await context.cookies(world.base)).map(({ name }) => name);
    expect(left.filter((name) => /^latchkey\..*\.(id|tok|seen)/.test(name))).toEqual([]);
  }

  test.each([true, false])("a server action signs out, here and at the provider (JavaScript: %s)", async (on) => {
    await freshContext(on);
    await signIn(page, world);
    await page.click("button:text-is('Leave')");
    await signedOut();
  });

  test("so do a form and a click on a link", async () => {
    await signIn(page, world);
    await page.click("button:text-is('Post')");
    await signedOut();
    await signIn(page, world);
    await page.click("a:text-is('Sign out')");
    await signedOut();
  });

  test("who signed out in one tab is signed out in another", async () => {
    await signIn(page, world);
    const other = await context.newPage();
    await other.goto(`${world.base}/home`);
    expect(await other.textContent("h1")).toBe("Hello Ada Lovelace");
    await page.click("button:text-is('Leave')");
    await signedOut();
    // The page is as it was, but what it does next is done by nobody.
    await other.click("a:text-is('Account')");
    await other.waitForURL((url) => url.origin === world.issuer);
    await other.goto(`${world.base}/home`);
    expect(await other.textContent("h1")).toBe("Nobody");
  });
});
