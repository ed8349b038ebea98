import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { barriers } from "../support/axe.js";
import { launch } from "../support/chromium.js";
import { type Example, startExample } from "../support/example.js";
import { submitForms } from "./chromium.js";

let browser: Browser;
let example: Example | undefined;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());
afterEach(() => example?.stop());

test.each(["static", "serverless"])(
  "the %s variant shows public pages, and a user signs in, calls the API, reloads the page and signs out",
  {
    timeout: 180_000,
  },
  async (variant) => {
    example = await startExample("next-spa", variant);
    const app = example.address;
    const context = await browser.newContext();
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    const errors: string[] = [];
    page.on("console", (message) => {
      if (/hydrat|Minified React error/i.test(message.text())) errors.push(message.text());
    });
    page.on("pageerror", (error) => errors.push(error.message));

    // Public content is in the HTML: rendered once at build time, or at each request.
    const timeIn = async () => /<time>([^<]+)<\/time>/.exec(await (await fetch(`${app}/`)).text())?.[1] ?? "";
    const [first, second] = [await timeIn(), await timeIn()];
    expect(first).not.toBe("");
    expect(first === second).toBe(variant === "static");

    // A page that needs a user redirects the visitor to sign in, and back.
    await page.goto(`${app}/shows/`);
    await submitForms(page);
    await page.waitForURL(`${app}/shows/`);
    await page.waitForSelector("text=The Sky Tonight");

    // A reload loses the tokens in memory; the provider's session restores them.
    await page.reload();
    await page.waitForSelector("text=The Sky Tonight");
    await page.goto(`${app}/`);
    await page.waitForSelector("text=Hello Ada Lovelace");
    expect(await barriers(page)).toEqual([]);
    await page.click("a:has-text('Shows')");
    await page.waitForSelector("text=The Sky Tonight");

    if (variant === "serverless") {
      const refused = await fetch(`${app}/api/shows/`);
      expect([refused.status, refused.headers.get("www-authenticate")]).toEqual([
        401,
        expect.stringMatching(/^Bearer .*scope="read:shows"/),
      ]);
      expect((await fetch(`${app}/api/shows/`, { headers: { authorization: "Bearer a.b.c" } })).status).toBe(401);
    }

    await page.goto(`${app}/`);
    await page.click("button:has-text('Sign out')");
    await page.waitForURL(/\/session\/end/);
    await page.click("button:has-text('Sign out')");
    await page.waitForURL(`${app}/`);
    await page.waitForSelector("button:has-text('Sign in')");
    await page.click("button:has-text('Sign in')");
    await submitForms(page);
    await page.waitForURL(`${app}/`);
    await page.waitForSelector("text=Hello Ada Lovelace");
    expect(errors).toEqual([]);
    await context.close();
  },
);
