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
    /** The options of the client. */
    made: object;
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
let complaints: string[];
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
    complaints = [];
    context.on("weberror", (error) => complaints.push(error.error().message));
    await context.route(/fonts\.googleapis/, (route) => route.abort());
    await context.addInitScript("{ const { now } = Date; Date.now = () => now() + (globalThis.ahead ?? 0); }");
  });
  afterEach(async () => {
    const uncaught = complained();
    await context?.close();
    await app?.stop();
    await provider?.stop();
    // No tab may have an uncaught error.
    expect(uncaught).toEqual([]);
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

/** The URL of a page by the page's own account; the driver learns of it later. */
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

/** Returns the uncaught errors so far, and forgets them: for a test that expects some. */
export const complained = (): string[] => complaints.splice(0);

/** Replaces a part of a page of the app. */
export async function rewrite(path: string, part: string, by: string): Promise<void> {
  const text = await (await fetch(app.origin + path)).text();
  expect(text).toContain(part);
  app.pages.set(path, { body: text.replace(part, by) });
}

/** Signs a user in by popup. A user who is already signed in at the provider fills in no form. */
export async function signInByPopup(on: Page, name = "alice", asked: object = {}): Promise<void> {
  await on.bringToFront();
  await on.evaluate((loginOptions) => Object.assign(window, { loginOptions }), asked);
  const [popup] = await Promise.all([on.waitForEvent("popup"), on.click("#popup")]);
  // The popup may close by itself at any moment.
  await Promise.race([fillIn(popup, name).catch(() => {}), popup.waitForEvent("close")]);
  await shows(name, on);
}

/** Blocks a tab with a synchronous request: no script runs there and no message arrives until the returned function is called. */
export async function keepBusy(on: Page): Promise<() => Promise<void>> {
  let answer = () => {};
  const held = new Promise<void>((resolve) => {
    answer = resolve;
  });
  let isBusy = false;
  app.before = (url) => {
    if (url !== "/busy") return undefined;
    isBusy = true;
    return held;
  };
  const busy = on.evaluate(() => {
    const request = new XMLHttpRequest();
    request.open("GET", "/busy", false);
    request.send();
  });
  await expect.poll(() => isBusy).toBe(true);
  return () => {
    answer();
    return busy;
  };
}

/** Sets the clock of a page forward, as on a machine that was asleep. */
export const setForward = (on: Page, seconds: number): Promise<void> =>
  on.evaluate((by) => void Object.assign(window, { ahead: by * 1000 }), seconds);

/** Closes a tab while its renewal waits for the provider. */
export async function dieRenewing(on: Page): Promise<void> {
  provider.delays.set("/token", 700);
  const asked = () => provider.urls.filter((url) => url === "/token").length;
  const before = asked();
  void token({ refresh: true }, on).catch(() => {});
  await expect.poll(asked).toBeGreaterThan(before);
  await on.close();
  provider.delays.clear();
}

/** Signs out in one tab, without the provider. Returns how long the call took, in milliseconds. */
export const signOutHere = (on: Page): Promise<number> =>
  on.evaluate(async () => {
    const from = Date.now();
    await window.client.logout({ local: true });
    return Date.now() - from;
  });

export const token = (request: object = {}, on = page) =>
  on.evaluate(
    (asked) =>
      window.client.getAccessToken(asked).then(
        (text) => ({ token: text, code: "" }),
        (error) => ({ token: "", code: error.code }),
      ),
    request,
  );

/** Everything that a page stored, and what later visitors or other programs could read. */
export const written = (on: Page) =>
  on.evaluate(async () => {
    const databases = await indexedDB.databases();
    const kept: unknown[] = [];
    for (const { name } of databases) {
      const database = await new Promise<IDBDatabase>((resolve) => {
        const opening = indexedDB.open(name ?? "");
        opening.onsuccess = () => resolve(opening.result);
      });
      for (const store of database.objectStoreNames) {
        kept.push(
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
      kept,
      window.events,
    ]);
  });
