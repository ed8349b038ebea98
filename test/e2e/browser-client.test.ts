import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Client } from "../../adapters/browser/index.js";
import { launch } from "../support/chromium.js";
import { type SpaApp, startSpaApp } from "../support/spa-app.js";
import { startSpaProvider } from "../support/spa-provider.js";
import type { SpaProvider, SpaProviderOptions } from "../support/spa-provider.types.js";

declare global {
  interface Window {
    client: Client;
    events: Array<{ type: string; code?: string }>;
    end: unknown;
    done: Promise<void>;
    failed?: string;
    shownError?: string;
    loginOptions?: object;
    popped?: Promise<string>;
  }
}

let browser: Browser;
let context: BrowserContext;
let page: Page;
let app: SpaApp;
let provider: SpaProvider;
/** Options of the client beside issuer and client id, as JSON. */
let options: Record<string, unknown>;

beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

beforeEach(async () => {
  options = {};
  context = await browser.newContext();
  context.setDefaultTimeout(10_000);
  await context.route(/fonts\.googleapis/, (route) => route.abort());
});
afterEach(async () => {
  await context?.close();
  await app?.stop();
  await provider?.stop();
});

/** The app on one host and the provider on the same: one site, two origins. */
async function begin(providerOptions: Partial<SpaProviderOptions> = {}, appHost = "localhost"): Promise<void> {
  app = await startSpaApp(
    () => ({ issuer: provider.issuer, clientId: "spa", silentRedirectUri: `${app.origin}/silent.html`, ...options }),
    appHost,
  );
  provider = await startSpaProvider({ origins: [app.origin], ...providerOptions });
  page = await open();
}

async function open(path = "/"): Promise<Page> {
  const opened = await context.newPage();
  await opened.goto(app.origin + path);
  await isDone(opened);
  return opened;
}

const isDone = (on = page) => on.waitForSelector("body[data-done=yes]");
const user = (on = page) => on.textContent("#user");
const shows = (who: string, on = page) =>
  on.waitForFunction((text) => document.querySelector("#user")?.textContent === text, who);

async function fillIn(on: Page, name = "alice"): Promise<void> {
  await on.fill("[name=login]", name);
  await on.fill("[name=password]", "x");
  await on.click("[type=submit]");
}

async function signIn(name = "alice"): Promise<void> {
  await page.click("#login");
  await fillIn(page, name);
  await page.waitForURL(`${app.origin}/callback/**`);
  await isDone();
  expect(await user()).toBe(name);
}

const token = (request: object = {}, on = page) =>
  on.evaluate(
    (asked) =>
      window.client.getAccessToken(asked).then(
        (text) => ({ token: text, code: "" }),
        (error) => ({ token: "", code: error.code }),
      ),
    request,
  );

describe("signing in", () => {
  test("by redirect: the user, the way back, and nothing left in the URL", async () => {
    await begin();
    expect(await user()).toBe("nobody");
    await page.evaluate(() => {
      window.loginOptions = { appState: { from: "here" }, returnTo: "/shows?page=2" };
    });
    await signIn();
    expect(page.url()).toBe(`${app.origin}/callback/`);
    expect(await page.evaluate(() => window.end)).toEqual({ returnTo: "/shows?page=2", appState: { from: "here" } });
    expect((await token()).token).not.toBe("");
    expect(provider.grants).toEqual(["authorization_code"]);
  });

  test("a reload keeps the user while the provider's session lives, and not after", async () => {
    await begin();
    await signIn();
    await page.goto(app.origin);
    await isDone();
    expect(await user()).toBe("alice");
    expect(provider.authorizations).toEqual(["", "none"]);
    await provider.forgetSessions();
    await page.goto(app.origin);
    await isDone();
    expect(await user()).toBe("nobody");
    // And whoever is signed out is not asked about again.
    await page.goto(app.origin);
    await isDone();
    expect(provider.authorizations).toEqual(["", "none", "none"]);
  });
});
