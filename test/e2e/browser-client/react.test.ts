import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { auth } from "../../../adapters/express.js";
import { address, app, begin, context, fillIn, inBrowser, page, provider } from "../../support/spa.js";
import { bundle } from "../../support/spa-app.js";
import { startSpaProvider } from "../../support/spa-provider.js";

inBrowser();

const shell = '<!doctype html><main></main><script type="module" src="/view.js"></script>';

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
  for (const path of ["/", "/callback/"]) app.pages.set(path, { body: shell });
}

describe("React, in its development build under StrictMode", () => {
  const view = `
    function Row() {
      const { user, isLoading, accessToken, login } = useAuth({ scope: "openid" });
      const text = isLoading ? "…" : user ? user.sub + " " + (accessToken ?? "none").slice(-12) : "no user";
      return h("p", { className: "row", onClick: () => login() }, text);
    }
    const App = () => Array.from({ length: 10 }, (_, key) => h(Row, { key }));
  `;
  const rows = (on: Page) => on.$$eval(".row", (all) => all.map((row) => row.textContent ?? ""));
  /** Waits until all rows have one text, which matches the pattern. Returns the text. */
  const commonText = async (on: Page, pattern: RegExp) => {
    let texts: string[] = [];
    await expect
      .poll(async () => {
        texts = [...new Set(await rows(on))];
        return texts.length === 1 && pattern.test(texts[0] ?? "");
      })
      .toBe(true);
    return texts[0];
  };

  test("ten components in each of three tabs redeem one code, and share each renewal", async () => {
    await begin({ accessTokenLifetime: 12, refreshTokens: true });
    await serve(view);
    const printed: string[] = [];
    // The provider's pages load a font from the network, which fails.
    context.on("console", (message) => {
      if (message.type() === "error" && !message.text().includes("ERR_FAILED")) printed.push(message.text());
    });

    await page.goto(`${app.origin}/`);
    await commonText(page, /no user/);
    await page.click(".row");
    const from = Date.now();
    await fillIn(page);
    await commonText(page, /^alice ..../);
    expect(await address()).toBe(`${app.origin}/`);
    expect(provider.grants).toEqual(["authorization_code"]);
    const tabs = [page, await context.newPage(), await context.newPage()];
    for (const tab of tabs.slice(1)) await tab.goto(`${app.origin}/`);
    const first = await commonText(page, /^alice/);
    expect(await Promise.all(tabs.map((tab) => commonText(tab, /^alice/)))).toEqual([first, first, first]);
    // A renewal is due after four fifths of the token's lifetime.
    await expect.poll(async () => (await rows(page))[0] !== first).toBe(true);
    const second = await commonText(page, /^alice (?!none)/);
    expect(await Promise.all(tabs.map((tab) => commonText(tab, /^alice/)))).toEqual([second, second, second]);
    const [code, ...renewals] = provider.grants;
    expect([code, ...new Set(renewals)]).toEqual(["authorization_code", "refresh_token"]);
    expect(renewals.length).toBeLessThanOrEqual(Math.floor((Date.now() - from) / (12_000 * 0.8)));
    expect(printed).toEqual([]);
  });
});

describe("an AuthProvider that is unmounted while it handles its callback, and mounted anew", () => {
  test.each([
    ["before the sign-in is complete", "", 90, "/shows", []],
    ["after the sign-in is complete", "", 1_500, "/shows", []],
    ["with onRedirectCallback", "onRedirectCallback", 90, "/callback/", ["/shows"]],
  ])("%s: the app learns of it once", async (_what, handler, milliseconds, path, calls) => {
    await begin({ refreshTokens: true });
    const { issuer } = provider;
    const code = await bundle(`
      import { createElement as h, StrictMode } from "react";
      import { createRoot } from "react-dom/client";
      import { AuthProvider, useAuth } from "latchkey/react";
      const View = () => {
        const { user, isLoading, login } = useAuth();
        return h("button", { onClick: () => login({ returnTo: "/shows" }) }, isLoading ? "…" : user ? user.sub : "no user");
      };
      window.calls = [];
      const config = {
        ...${JSON.stringify({ issuer, clientId: "spa", redirectUri: `${app.origin}/callback/` })},
        ${handler ? "onRedirectCallback: (_state, returnTo) => calls.push(returnTo)," : ""}
      };
      const root = createRoot(document.querySelector("main"));
      const show = () => root.render(h(StrictMode, null, h(AuthProvider, config, h(View))));
      show();
      if (location.search.includes("code=")) {
        setTimeout(() => root.render(null), 30);
        setTimeout(() => { window.isAnew = true; show(); }, 30 + ${milliseconds});
      }
    `);
    app.pages.set("/view.js", { body: code, headers: { "content-type": "text/javascript" } });
    for (const at of ["/", "/callback/"]) app.pages.set(at, { body: shell });
    await page.goto(`${app.origin}/`);
    await page.click("button:text-is('no user')");
    provider.delays.set("/token", 300);
    await fillIn(page);
    await page.waitForFunction(() => "isAnew" in window);
    await page.waitForSelector("button:text-is('alice')");
    await expect.poll(() => address()).toBe(app.origin + path);
    expect(await page.evaluate(() => (window as unknown as { calls: string[] }).calls)).toEqual(calls);
    expect(provider.grants).toEqual(["authorization_code"]);
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
  const signInForm = (on: Page) => on.waitForSelector("[name=login]");

  test.each([
    ["one tab", 1, 0],
    ["one tab, where the provider is slow", 1, 400],
    ["two tabs", 2, 0],
    ["two tabs, where the provider is slow", 2, 400],
  ])(
    "%s: a user who signs out is signed out at the provider too, and must sign in again",
    async (_what, count, delay) => {
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
      // The provider signs the user out and redirects to this page, which requires a user.
      await signInForm(page);
      expect(provider.urls.some((url) => url.startsWith("/session/end"))).toBe(true);
      if (!other) return;
      expect(await other.locator("button").count()).toBe(0);
      await other.bringToFront();
      await other.evaluate(() => void dispatchEvent(new Event("focus")));
      await signInForm(other);
    },
  );
});

test("under a SessionProvider each tab gets its user from the app's server, and has no token", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  const { issuer, stop, urls } = await startSpaProvider({ origins: [origin] });
  const view = await bundle(`
    import { createElement as h, StrictMode } from "react";
    import { createRoot } from "react-dom/client";
    import { SessionProvider, useAuth, useSession, withLoginRequired } from "latchkey/react";
    function Bar() {
      const { user, isLoading } = useSession();
      const { login, logout } = useAuth();
      const onClick = () => (user ? logout() : login());
      return h("button", { onClick }, isLoading ? "…" : user ? user.sub : "no user");
    }
    const Secret = withLoginRequired(() => h("p", null, "secret"));
    const App = () => [h(Bar, { key: 1 }), location.pathname === "/secret" && h(Secret, { key: 2 })];
    createRoot(document.querySelector("main")).render(h(StrictMode, null, h(SessionProvider, null, h(App))));
  `);
  const site = express();
  const secret = "0123456789abcdef0123456789abcdef";
  site.use(auth({ issuer, clientId: "spa", clientAuthentication: "none", secret, baseUrl: origin }));
  site.get("/view.js", (_req, res) => void res.type("text/javascript").send(view));
  site.get(/.*/, (_req, res) => void res.send(shell));
  server.on("request", site);
  const [one, other] = [await context.newPage(), await context.newPage()];
  const says = (on: Page, what: string) => on.waitForSelector(`button:text-is("${what}")`);
  for (const tab of [one, other]) await tab.goto(`${origin}/shows?page=2`);
  await says(one, "no user");
  await one.click("button");
  await fillIn(one);
  await says(one, "alice");
  expect(await address(one)).toBe(`${origin}/shows?page=2`);
  await says(other, "alice");
  // A signed-in user sees no form.
  await other.goto(`${origin}/secret`);
  await other.waitForSelector("text=secret");
  await one.click("button");
  await says(one, "no user");
  expect(urls.some((url) => url.startsWith("/session/end"))).toBe(true);
  await other.waitForSelector("[name=login]");
  expect(await context.storageState()).toMatchObject({ origins: [] });
  await stop();
  server.close().closeAllConnections();
});
