import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import type { Client } from "../../adapters/browser/index.js";
import { launch } from "./chromium.js";
import { type SpaApp, startSpaApp } from "./spa-app.js";
import { startSpaProvider } from "./spa-provider.js";
import type { SpaProvider, SpaProviderOptions } from "./spa-provider.types.js";

declare global {
  interface Window {
    client: Client;
    latchkey: { createClient(options: object): Client };
    /** The options that the page's client was created with. */
    clientOptions: object;
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
export let context: BrowserContext;
export let page: Page;
export let app: SpaApp;
export let provider: SpaProvider;
/** The messages of the uncaught errors of all pages. */
let uncaughtErrors: string[];
/** Options of the client in addition to issuer and client id, as JSON. */
export let options: Record<string, unknown>;

/** Launches one browser for all tests of a file, with a new profile for each test. */
export function inBrowser(): void {
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser?.close());

  beforeEach(async () => {
    options = {};
    context = await browser.newContext();
    context.setDefaultTimeout(10_000);
    uncaughtErrors = [];
    context.on("weberror", (error) => uncaughtErrors.push(error.error().message));
    await context.route(/fonts\.googleapis/, (route) => route.abort());
    await context.addInitScript("{ const { now } = Date; Date.now = () => now() + (globalThis.ahead ?? 0); }");
  });
  afterEach(async () => {
    const unexpected = takeUncaughtErrors();
    await context?.close();
    await app?.stop();
    await provider?.stop();
    // No page may have an uncaught error.
    expect(unexpected).toEqual([]);
  });
}

/** Starts the app and the provider on one host: one site, two origins. */
export async function begin(providerOptions: Partial<SpaProviderOptions> = {}, appHost = "localhost"): Promise<void> {
  app = await startSpaApp(
    () => ({ issuer: provider.issuer, clientId: "spa", silentRedirectUri: `${app.origin}/silent.html`, ...options }),
    appHost,
  );
  provider = await startSpaProvider({ origins: [app.origin], ...providerOptions });
  page = await open();
}

export async function open(path = "/"): Promise<Page> {
  const opened = await context.newPage();
  await opened.goto(app.origin + path);
  await isDone(opened);
  return opened;
}

/** The current URL of a page, from the page itself, because Playwright learns of a change later. */
export const address = (on = page) => on.evaluate(() => location.href);
export const isDone = (on = page) => on.waitForSelector("body[data-done=yes]");
export const user = (on = page) => on.textContent("#user");
export const shows = (who: string, on = page) =>
  on.waitForFunction((text) => document.querySelector("#user")?.textContent === text, who);

export async function fillIn(on: Page, name = "alice"): Promise<void> {
  await on.fill("[name=login]", name);
  await on.fill("[name=password]", "x");
  await on.click("[type=submit]");
}

export async function signIn(name = "alice"): Promise<void> {
  await page.click("#login");
  await fillIn(page, name);
  await page.waitForURL(`${app.origin}/callback/**`);
  await isDone();
  expect(await user()).toBe(name);
}

/** Returns the uncaught errors so far and clears the list, for a test that expects some. */
export const takeUncaughtErrors = (): string[] => uncaughtErrors.splice(0);

/** Replaces a part of a page of the app. */
export async function rewrite(path: string, part: string, by: string): Promise<void> {
  const text = await (await fetch(app.origin + path)).text();
  expect(text).toContain(part);
  app.pages.set(path, { body: text.replace(part, by) });
}

/** Signs a user in by popup. A user who is already signed in at the provider fills in no form. */
export async function signInByPopup(on: Page, name = "alice", options: object = {}): Promise<void> {
  await on.bringToFront();
  await on.evaluate((loginOptions) => Object.assign(window, { loginOptions }), options);
  const [popup] = await Promise.all([on.waitForEvent("popup"), on.click("#popup")]);
  // The popup may close by itself at any moment.
  await Promise.race([fillIn(popup, name).catch(() => {}), popup.waitForEvent("close")]);
  await shows(name, on);
}

/** Blocks a tab with a synchronous request: no script runs there and no message arrives until the returned function is called. */
export async function keepBusy(on: Page): Promise<() => Promise<void>> {
  let respond = () => {};
  const waiting = new Promise<void>((resolve) => {
    respond = resolve;
  });
  let isBusy = false;
  app.before = (url) => {
    if (url !== "/busy") return undefined;
    isBusy = true;
    return waiting;
  };
  const busy = on.evaluate(() => {
    const request = new XMLHttpRequest();
    request.open("GET", "/busy", false);
    request.send();
  });
  await expect.poll(() => isBusy).toBe(true);
  return () => {
    respond();
    return busy;
  };
}

/** Sets the clock of a page forward, as it is after a machine has slept. */
export const setForward = (on: Page, seconds: number): Promise<void> =>
  on.evaluate((by) => void Object.assign(window, { ahead: by * 1000 }), seconds);

/** Signs out in the app, not at the provider. Returns the milliseconds that the call took. */
export const signOutLocally = (on: Page): Promise<number> =>
  on.evaluate(async () => {
    const from = Date.now();
    await window.client.logout({ local: true });
    return Date.now() - from;
  });

/** The access token that a page's client gets, or the code of its error. */
export const token = (request: object = {}, on = page) =>
  on.evaluate(
    (tokenRequest) =>
      window.client.getAccessToken(tokenRequest).then(
        (text) => ({ token: text, code: "" }),
        (error) => ({ token: "", code: error.code }),
      ),
    request,
  );

/** Everything that later visitors or other programs could read in a page: its storage, cookies, URL and events. */
export const readableContent = (on: Page) =>
  on.evaluate(async () => {
    const databases = await indexedDB.databases();
    const records: unknown[] = [];
    for (const { name } of databases) {
      const database = await new Promise<IDBDatabase>((resolve) => {
        const opening = indexedDB.open(name ?? "");
        opening.onsuccess = () => resolve(opening.result);
      });
      for (const store of database.objectStoreNames) {
        records.push(
          await new Promise((resolve) => {
            const all = database.transaction(store).objectStore(store).getAll();
            all.onsuccess = () => resolve(all.result);
          }),
        );
      }
      database.close();
    }
    return JSON.stringify([
      { ...localStorage },
      { ...sessionStorage },
      document.cookie,
      location.href,
      history.state,
      records,
      window.events,
    ]);
  });
