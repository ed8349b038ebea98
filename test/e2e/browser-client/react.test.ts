import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { app, begin, context, fillIn, inBrowser, page, provider } from "../../support/spa.js";
import { bundle } from "../../support/spa-app.js";

inBrowser();

/** Pages that show `App`, which a view declares, under StrictMode. */
async function serve(view: string): Promise<void> {
  const config = { issuer: provider.issuer, clientId: "spa", redirectUri: `${app.origin}/callback/` };
  const silentRedirectUri = `${app.origin}/silent.html`;
  const code = await bundle(`
    import { createElement as h, StrictMode } from "react";
    import { createRoot } from "react-dom/client";
    import { AuthProvider, useAuth, withLoginRequired } from "latchkey/react";
    ${view}
    const config = ${JSON.stringify({ ...config, silentRedirectUri })};
    createRoot(document.querySelector("main")).render(h(StrictMode, null, h(AuthProvider, config, h(App))));
  `);
  app.pages.set("/view.js", { body: code, headers: { "content-type": "text/javascript" } });
  const body = '<!doctype html><main></main><script type="module" src="/view.js"></script>';
  for (const path of ["/", "/callback/"]) app.pages.set(path, { body });
}

describe("React, in its development build under StrictMode", () => {
  const view = `
    function Row() {
      const { user, isLoading, accessToken, login } = useAuth({ scope: "openid" });
      const text = isLoading ? "…" : user ? user.sub + " " + (accessToken ?? "none").slice(-12) : "nobody";
      return h("p", { className: "row", onClick: () => login() }, text);
    }
    const App = () => Array.from({ length: 10 }, (_, key) => h(Row, { key }));
  `;
  const rows = (on: Page) => on.$$eval(".row", (all) => all.map((row) => row.textContent ?? ""));
  /** All rows say the same, which is what is asked for. */
  const agree = async (on: Page, what: RegExp) => {
    await expect
      .poll(async () => new Set(await rows(on)).size === 1 && what.test((await rows(on))[0] ?? ""))
      .toBe(true);
    return (await rows(on))[0];
  };

  test("one code, and one renewal for ten components in each of three tabs", async () => {
    await begin({ accessTokenLifetime: 6, refreshTokens: true });
    await serve(view);
    const printed: string[] = [];
    // The provider's pages want a font from the network.
    context.on("console", (message) => {
      if (message.type() === "error" && !message.text().includes("ERR_FAILED")) printed.push(message.text());
    });

    await page.goto(`${app.origin}/`);
    await agree(page, /nobody/);
    await page.click(".row");
    await fillIn(page);
    await agree(page, /^alice ..../);
    expect(page.url()).toBe(`${app.origin}/`);
    expect(provider.grants).toEqual(["authorization_code"]);
    const tabs = [page, await context.newPage(), await context.newPage()];
    for (const tab of tabs.slice(1)) await tab.goto(`${app.origin}/`);
    const first = await agree(page, /^alice/);
    expect(await Promise.all(tabs.map((tab) => agree(tab, /^alice/)))).toEqual([first, first, first]);
    // Due after four fifths of its life.
    await expect.poll(async () => (await rows(page))[0] !== first, { timeout: 8_000 }).toBe(true);
    const second = await agree(page, /^alice (?!none)/);
    expect(await Promise.all(tabs.map((tab) => agree(tab, /^alice/)))).toEqual([second, second, second]);
    expect(provider.grants).toEqual(["authorization_code", "refresh_token"]);
    expect(printed).toEqual([]);
  });
});

describe("withLoginRequired and a sign-out", () => {
  const view = `
    const Inner = () => {
      const { user, logout } = useAuth();
      return h("button", { onClick: () => logout() }, user.sub);
    };
    const App = withLoginRequired(Inner);
  `;
  const isAsked = (on: Page) => on.waitForSelector("[name=login]");

  test.each([
    ["one tab", 1, 0],
    ["one tab, where the provider is slow", 1, 400],
    ["two tabs", 2, 0],
    ["two tabs, where the provider is slow", 2, 400],
  ])("%s: whoever signs out is signed out at the provider, and asked anew", async (_what, count, delay) => {
    await begin({ refreshTokens: true });
    await serve(view);
    await page.goto(`${app.origin}/`);
    await fillIn(page);
    await page.waitForSelector("text=alice");
    const other = count === 2 ? await context.newPage() : undefined;
    await other?.goto(`${app.origin}/`);
    await other?.waitForSelector("text=alice");
    await page.bringToFront();
    provider.delays.set("/token/revocation", delay);
    await page.click("button");
    // Signed out there, and sent back to this page, which needs somebody.
    await isAsked(page);
    expect(provider.urls.some((url) => url.startsWith("/session/end"))).toBe(true);
    if (!other) return;
    expect(await other.locator("button").count()).toBe(0);
    await other.bringToFront();
    await other.evaluate(() => void dispatchEvent(new Event("focus")));
    await isAsked(other);
  });
});
