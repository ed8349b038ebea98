import type { Browser, Page, Response } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { launch } from "../support/chromium.js";
import { signIn, submitForms } from "./chromium.js";
import { createSignedInClient, isLatchkeyCookie, sendRequest } from "./client.js";
import { startWorld, type World } from "./world.js";

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

describe.each(["15", "16"])("Next %s: a link to sign in or out", (version) => {
  let world: World;
  let page: Page;

  beforeAll(async () => {
    world = await startWorld(`main-${version}`);
  });
  afterAll(() => world?.stop());
  beforeEach(async () => {
    const context = await browser.newContext();
    context.setDefaultTimeout(15_000);
    page = await context.newPage();
    await signIn(page, world);
    return () => context.close();
  });

  test.each(["/home", "/pages-home"])("on %s has no effect when it is visible, hovered or prefetched", async (path) => {
    const before = world.authorizations.length;
    const responses: Response[] = [];
    page.on("response", (response) => responses.push(response));
    await page.goto(world.base + path);
    for (const link of await page.locator("a[href^='/auth/log']").all()) await link.hover();
    const prefetched = page.waitForResponse((response) => /auth\/logout/.test(response.url()));
    await page.click("text=Prefetch");
    if (!responses.some((response) => /auth\/logout/.test(response.url()))) await prefetched;
    else await Promise.race([prefetched, page.waitForTimeout(500)]);
    await page.waitForLoadState("networkidle");

    const prefetches = responses.filter((response) => /auth\/log(in|out)/.test(response.url()));
    expect(prefetches.length).toBeGreaterThan(0);
    const headers = await Promise.all(responses.map((response) => response.headersArray()));
    expect(
      headers.flat().filter(({ name, value }) => name.toLowerCase() === "set-cookie" && isLatchkeyCookie(value)),
    ).toEqual([]);
    expect(world.authorizations.length).toBe(before);
    await page.goto(`${world.base}/home`);
    expect(await page.textContent("h1")).toBe("Hello Ada Lovelace");
  });

  test.each(["/home", "/pages-home"])("on %s works when it is clicked", async (path) => {
    const before = world.authorizations.length;
    await page.goto(world.base + path);
    await page.waitForLoadState("networkidle");
    await page.click("a:text-is('Sign out')");
    await page.click("button:has-text('Sign out')");
    await page.waitForURL(`${world.base}/home`);
    expect(await page.textContent("h1")).toBe("Signed out");
    await page.goto(world.base + path);
    await page.waitForLoadState("networkidle");
    expect(world.authorizations.length).toBe(before);
    await page.click("a:text-is('Sign in again')");
    await submitForms(page);
    await page.waitForURL((url) => url.origin === world.origin);
    expect(world.authorizations.length).toBe(before + 1);
    await page.goto(`${world.base}/home`);
    expect(await page.textContent("h1")).toBe("Hello Ada Lovelace");
  });

  const script = {
    "sec-fetch-mode": "cors",
    "sec-fetch-dest": "empty",
    "sec-fetch-site": "same-origin",
    accept: "*/*",
  };
  const navigation = { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "sec-fetch-site": "same-origin" };
  test.each<[string, Record<string, string>, number]>([
    ["a speculation", { ...navigation, "sec-purpose": "prefetch;prerender" }, 403],
    [
      "<link rel=prefetch>",
      { "sec-fetch-mode": "no-cors", "sec-fetch-site": "same-origin", "sec-purpose": "prefetch" },
      403,
    ],
    ["a router's prefetch", { ...script, rsc: "1", "next-router-prefetch": "1" }, 204],
    ["a router's navigation", { ...script, rsc: "1" }, 204],
    ["an old browser's router", { rsc: "1" }, 204],
    ["a script", script, 403],
  ])("has no effect when requested by %s", async (_, headers, status) => {
    const client = await createSignedInClient(world);
    const cookie = client.cookies(world.base);
    const before = world.authorizations.length;
    for (const route of ["login", "logout"]) {
      const url = `${world.base}/auth/${route}`;
      let response = await sendRequest(url, { headers: { ...headers, cookie } });
      // Next 16 first redirects to a URL with its `_rsc` parameter.
      if (response.status === 307)
        response = await sendRequest(new URL(response.headers.location ?? "", url).href, {
          headers: { ...headers, cookie },
        });
      expect([route, response.status]).toEqual([route, status]);
      expect(response.setCookies).toEqual([]);
      expect(response.headers["cache-control"]).toBe("private, no-store");
    }
    expect(world.authorizations.length).toBe(before);
  });
});
