import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { launch } from "../support/chromium.js";

type Demo = Awaited<ReturnType<typeof import("../../examples/demo/start.js").start>>;

let browser: Browser;
let context: BrowserContext;
let page: Page;
let demo: Demo;
/** Uncaught errors, violations of the Content-Security-Policy and requests to the internet, of all pages. */
let problems: string[];

const startDemo = async (session = {}) => (await import("../../examples/demo/start.js")).start({ session });

beforeAll(async () => {
  browser = await launch();
});

afterAll(() => browser?.close());

/** Records a page's problems: it must not throw, violate its Content-Security-Policy, or send a request beyond loopback. */
function watch(watched: Page): void {
  watched.on("pageerror", (error) => problems.push(error.message));
  watched.on("console", (message) => {
    if (/Content Security Policy/.test(message.text())) problems.push(message.text());
  });
  watched.on("request", (request) => {
    const { hostname, protocol } = new URL(request.url());
    if (protocol !== "data:" && !["localhost", "127.0.0.1"].includes(hostname)) problems.push(request.url());
  });
}

beforeEach(async () => {
  problems = [];
  context = await browser.newContext();
  context.setDefaultTimeout(10_000);
  page = await context.newPage();
  watch(page);
});

afterEach(async () => {
  await context?.close();
  await demo?.stop();
});

/** Signs in as a user does: the app's button, the provider's sign-in form, its consent form. */
async function signIn(name = "ada"): Promise<void> {
  await page.goto(demo.world.app);
  await page.click("#sign-in");
  await page.fill("[name=name]", name);
  await page.fill("[name=password]", "demo");
  await page.click("button:has-text('Sign in')");
  await page.click("button:has-text('Allow')");
  await page.waitForURL(`${demo.world.app}/`);
}

const cookieBytes = async () => Number((await page.textContent("#bytes"))?.replace(/\D/g, ""));
const secondsLeft = async (limit: string) => {
  const [minutes, seconds] = ((await page.textContent(`.${limit} output`)) ?? "").split(":");
  return Number(minutes) * 60 + Number(seconds);
};

describe("the demo in a real browser", () => {
  test("the address with localhost leads to the app, and a page after the run-through shows none of its events", async () => {
    demo = await startDemo();
    const { app } = demo.world;
    await page.goto(app.replace("127.0.0.1", "localhost"));
    expect(page.url()).toBe(`${app}/`);
    await page.goto(`${app}/auth/callback?state=x&code=x`);
    await page.goto(app);
    expect(await page.locator(".events .failed").count()).toBe(1);
    demo.clearEvents();
    await page.reload();
    expect(await page.locator(".events").count()).toBe(0);
  });

  test("a user signs in, sees their name, calls the API, refreshes the tokens, and signs out", async () => {
    demo = await startDemo();
    await signIn("grace");
    expect(await page.textContent("h1")).toBe("Grace Hopper");
    expect(await cookieBytes()).toBeGreaterThan(500);
    expect(await cookieBytes()).toBeLessThan(7600);

    await page.click("#call");
    await page.waitForSelector(".result table");
    expect(await page.textContent(".result")).toContain("The Sky Tonight");
    await page.waitForSelector("text=1 call to the API");

    await page.click("#refresh");
    await page.waitForSelector("text=The old refresh token no longer works");
    expect(demo.world.grants.at(-1)).toMatchObject({ grantType: "refresh_token", rotated: true });
    await page.waitForSelector("h2:has-text('The last refresh')");

    await page.click("#sign-out");
    await page.click("button:has-text('Sign out')"); // at the provider
    await page.waitForURL(`${demo.world.app}/`);
    expect(await page.textContent("h1")).toBe("You are not signed in");
    const left = (await context.cookies(demo.world.app)).map(({ name }) => name);
    expect(left.filter((name) => /^latchkey\..*\.(id|tok|seen)/.test(name))).toEqual([]);
    expect(problems).toEqual([]);
  });

  test("scripts cannot read the session cookies", async () => {
    demo = await startDemo();
    await signIn();
    expect(await page.evaluate(() => document.cookie)).toBe("");
    const cookies = (await context.cookies(demo.world.app)).filter(({ name }) => name.startsWith("latchkey."));
    expect(cookies.length).toBeGreaterThanOrEqual(2);
    expect(cookies.every(({ httpOnly, sameSite }) => httpOnly && sameSite === "Lax")).toBe(true);
  });

  test("when the inactivity limit has passed, the open page shows that the user is signed out", async () => {
    demo = await startDemo({ inactivityDuration: 3, rollAfter: 1 });
    await signIn();
    expect(await secondsLeft("absolute")).toBeGreaterThan(3_500);
    await page.waitForSelector("h1:has-text('You are not signed in')", { timeout: 8_000 });
    expect(problems).toEqual([]);
  });

  test("a user who cancels at the provider sees an error page and is not signed in", async () => {
    demo = await startDemo();
    await page.goto(demo.world.app);
    await page.click("#sign-in");
    await page.click("button:has-text('Cancel')");
    await page.waitForSelector("text=access_denied");
    expect(await page.evaluate(() => location.href)).toMatch(/^http:\/\/127\.0\.0\.1/);
    await page.goto(demo.world.app);
    expect(await page.textContent("h1")).toBe("You are not signed in");
  });

  test("the page works without scripts", async () => {
    demo = await startDemo();
    await context.close();
    context = await browser.newContext({ javaScriptEnabled: false });
    page = await context.newPage();
    await signIn();
    expect(await page.textContent("h1")).toBe("Ada Lovelace");
    await page.click("#refresh");
    await page.waitForURL(`${demo.world.app}/`);
    expect(demo.world.grants.at(-1)?.grantType).toBe("refresh_token");
    await page.click("#call");
    expect(await page.textContent("body")).toContain("The Sky Tonight");
  });
});
