import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { launch } from "../support/chromium.js";

type Demo = Awaited<ReturnType<typeof import("../../examples/demo/start.js").start>>;

let browser: Browser;
let context: BrowserContext;
let page: Page;
let demo: Demo;
let complaints: string[];

const startDemo = async (session = {}) => (await import("../../examples/demo/start.js")).start({ session });

beforeAll(async () => {
  browser = await launch();
});

afterAll(() => browser?.close());

/** Every page must keep its own Content-Security-Policy, throw nothing and ask nobody but loopback. */
function watch(watched: Page): void {
  watched.on("pageerror", (error) => complaints.push(error.message));
  watched.on("console", (message) => {
    if (/Content Security Policy/.test(message.text())) complaints.push(message.text());
  });
  watched.on("request", (request) => {
    const { hostname, protocol } = new URL(request.url());
    if (protocol !== "data:" && !["localhost", "127.0.0.1"].includes(hostname)) complaints.push(request.url());
  });
}

beforeEach(async () => {
  complaints = [];
  context = await browser.newContext();
  context.setDefaultTimeout(10_000);
  page = await context.newPage();
  watch(page);
});

afterEach(async () => {
  await context?.close();
  await demo?.stop();
});

/** Signs in by hand: the app's button, the provider's form, consent. */
async function signIn(name = "ada"): Promise<void> {
  await page.goto(demo.world.app);
  await page.click("#sign-in");
  await page.fill("[name=name]", name);
  await page.fill("[name=password]", "demo");
  await page.click("button:has-text('Sign in')");
  await page.click("button:has-text('Allow')");
  await page.waitForURL(`${demo.world.app}/`);
}

const bytes = async () => Number((await page.textContent("#bytes"))?.replace(/\D/g, ""));
const clock = async (limit: string) => {
  const [minutes, seconds] = ((await page.textContent(`.${limit} output`)) ?? "").split(":");
  return Number(minutes) * 60 + Number(seconds);
};

describe("in a real browser", () => {
  test("a person signs in, sees their name, calls the API, refreshes, and signs out", async () => {
    demo = await startDemo();
    await signIn("grace");
    expect(await page.textContent("h1")).toBe("Grace Hopper");
    expect(await bytes()).toBeGreaterThan(500);
    expect(await bytes()).toBeLessThan(7600);

    await page.click("#call");
    await page.waitForSelector(".answer table");
    expect(await page.textContent(".answer")).toContain("The Sky Tonight");
    await page.waitForSelector("text=1 call to the API");

    await page.click("#refresh");
    await page.waitForSelector("text=The old refresh token is spent");
    expect(demo.world.grants.at(-1)).toMatchObject({ grantType: "refresh_token", rotated: true });
    await page.waitForSelector("h2:has-text('The last refresh')");

    await page.click("#sign-out");
    await page.click("button:has-text('Sign out')"); // the provider asks whether to sign out there as well
    await page.waitForURL(`${demo.world.app}/`);
    expect(await page.textContent("h1")).toBe("Nobody is signed in");
    const left = (await context.cookies(demo.world.app)).map(({ name }) => name);
    expect(left.filter((name) => /^latchkey\..*\.(id|tok|seen)/.test(name))).toEqual([]);
    expect(complaints).toEqual([]);
  });

  test("cookies are out of reach of scripts", async () => {
    demo = await startDemo();
    await signIn();
    expect(await page.evaluate(() => document.cookie)).toBe("");
    const ours = (await context.cookies(demo.world.app)).filter(({ name }) => name.startsWith("latchkey."));
    expect(ours.length).toBeGreaterThanOrEqual(2);
    expect(ours.every(({ httpOnly, sameSite }) => httpOnly && sameSite === "Lax")).toBe(true);
  });

  test("the clocks tick, and when the inactivity limit has passed the page says so by itself", async () => {
    demo = await startDemo({ inactivityDuration: 3, rollAfter: 1 });
    await signIn();
    const before = await clock("absolute");
    await page.waitForSelector("h1:has-text('Nobody is signed in')", { timeout: 8_000 });
    expect(before).toBeGreaterThan(3_500);
    expect(complaints).toEqual([]);
  });

  test("whoever refuses consent comes back to a page that says so, signed out", async () => {
    demo = await startDemo();
    await page.goto(demo.world.app);
    await page.click("#sign-in");
    await page.click("button:has-text('Cancel')");
    await page.waitForSelector("text=access_denied");
    expect(await page.evaluate(() => location.href)).toMatch(/^http:\/\/127\.0\.0\.1/);
    await page.goto(demo.world.app);
    expect(await page.textContent("h1")).toBe("Nobody is signed in");
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
