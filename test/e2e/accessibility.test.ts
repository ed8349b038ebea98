import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createAuth } from "../../adapters/edge.js";
import { barriers, looks, openPage, tabStops } from "../support/axe.js";
import { launch } from "../support/chromium.js";

type Demo = Awaited<ReturnType<typeof import("../../examples/demo/start.js").start>>;

let browser: Browser;
let demo: Demo;
beforeAll(async () => {
  browser = await launch();
  demo = await (await import("../../examples/demo/start.js")).start();
});
afterAll(async () => {
  await browser?.close();
  await demo?.stop();
});

describe.each(looks)("pages are for everybody: %s", (_, look) => {
  test("the demo, the provider and the page of a sign-in that failed", async () => {
    const page = await openPage(browser, look);
    const { app } = demo.world;
    await page.goto(app);
    expect(await barriers(page)).toEqual([]);
    await page.click("#sign-in");
    await page.waitForSelector("h1:has-text('Sign in')");
    expect(await barriers(page)).toEqual([]);
    await page.click("button:has-text('Sign in')");
    await page.waitForSelector("h1:has-text('Allow access?')");
    expect(await barriers(page)).toEqual([]);

    await page.click("button:has-text('Refuse')");
    await page.waitForSelector("text=You cancelled");
    expect(await barriers(page)).toEqual([]);
    expect(await tabStops(page, 2)).toEqual(["Try again", "Back to the site"]);
    await page.click("text=Try again");

    await page.click("button:has-text('Allow')");
    await page.waitForURL(`${app}/`);
    expect(await barriers(page)).toEqual([]);
    await page.click("#call");
    await page.waitForSelector("td");
    expect(await barriers(page)).toEqual([]);
    await page.click("#sign-out");
    await page.waitForSelector("h1:has-text('Sign out here too?')");
    expect(await barriers(page)).toEqual([]);
    await page.context().close();
  });

  test("the page on which the user chooses a provider", async () => {
    const client = { issuer: "https://op.example", clientId: "client", clientSecret: "client-secret" };
    const { handler } = createAuth({
      providers: { work: { ...client, label: "The account of my company" }, code: { ...client, label: "GitHub" } },
      secret: "only for tests: at least thirty-two characters",
      baseUrl: "https://app.example",
    });
    const navigation = new Request("https://app.example/auth/login", { headers: { "sec-fetch-mode": "navigate" } });
    const page = await openPage(browser, look);
    await page.setContent(await (await handler(navigation)).text());
    expect(await barriers(page)).toEqual([]);
    expect(await tabStops(page, 2)).toEqual(["The account of my company", "GitHub"]);
    await page.context().close();
  });

  test("the page of an example", async () => {
    const { page: example } = await import("../../examples/page.js");
    const page = await openPage(browser, look);
    for (const content of [
      '<p>Not signed in.</p><a href="/auth/login">Sign in</a>',
      "<form><button>Sign out</button></form>",
    ]) {
      await page.setContent(example("latchkey on Express", content));
      expect(await barriers(page)).toEqual([]);
      expect(await tabStops(page, 1)).toEqual([expect.stringMatching(/^Sign (in|out)$/)]);
    }
    await page.context().close();
  });
});
