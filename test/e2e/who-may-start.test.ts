import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import express from "express";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { auth } from "../../adapters/express.js";
import { launch } from "../support/chromium.js";
import { serveProvider } from "../support/cli.js";

// The table "What may start a sign-in" of docs/guides/failures.md, in a real browser with the real libraries.

const LOGIN = "/auth/login?returnTo=/done";

/** What a request for the login route was, and how it was answered. */
interface Attempt {
  readonly mode: string | undefined;
  readonly dest: string | undefined;
  readonly purpose: string | undefined;
  readonly status: number;
  readonly declined: string | undefined;
}

const file = (path: string) => fileURLToPath(new URL(`../../node_modules/${path}`, import.meta.url));
const libraries: Readonly<Record<string, string>> = {
  "/lib/htmx-2.js": file("htmx.org-2/dist/htmx.min.js"),
  "/lib/htmx-4.js": file("htmx.org/dist/htmx.min.js"),
  "/lib/turbo.js": file("@hotwired/turbo/dist/turbo.es2017-esm.js"),
};

const page = (head: string, body: string) => `<!doctype html><html lang="en"><title>App</title>${head}<body>${body}`;
const htmx = (version: number) =>
  page(
    `<script src="/lib/htmx-${version}.js"></script>`,
    `<a id="get" hx-get="${LOGIN}" hx-target="#out">Sign in</a>
     <a id="boosted" hx-boost="true" href="${LOGIN}">Sign in</a><p id="out"></p>`,
  );
const withWorker = (name: string) =>
  page("", `<a id="link" href="${LOGIN}">Sign in</a><script>navigator.serviceWorker.register("/${name}.js")</script>`);
const workerThat = (fetches: string) => `
  addEventListener("install", () => skipWaiting());
  addEventListener("activate", (event) => event.waitUntil(clients.claim()));
  addEventListener("fetch", (event) => { if (event.request.mode === "navigate") event.respondWith(fetch(${fetches})) });`;

const pages: Readonly<Record<string, string>> = {
  "/plain": page(
    "",
    `<a id="link" href="${LOGIN}">Sign in</a><form action="/auth/login"><button id="form">Sign in</button></form>`,
  ),
  "/htmx-2": htmx(2),
  "/htmx-4": htmx(4),
  "/turbo": page(`<script type="module" src="/lib/turbo.js"></script>`, `<a id="link" href="${LOGIN}">Sign in</a>`),
  "/prefetch": page(`<link rel="prefetch" href="${LOGIN}">`, ""),
  "/speculation": page(
    `<script type="speculationrules">{ "prefetch": [{ "source": "list", "urls": ["${LOGIN}"], "eagerness": "immediate" }] }</script>`,
    "",
  ),
  "/frame": page("", `<iframe src="${LOGIN}"></iframe>`),
  "/by-url": withWorker("by-url-worker"),
  "/by-request": withWorker("by-request-worker"),
};
const workers: Readonly<Record<string, string>> = {
  "/by-url-worker.js": workerThat("event.request.url"),
  "/by-request-worker.js": workerThat("event.request"),
};

let browser: Browser;
let context: BrowserContext;
let tab: Page;
let server: Server;
let url: string;
let op: Awaited<ReturnType<typeof serveProvider>>;
let attempts: Attempt[];

beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

beforeEach(async () => {
  attempts = [];
  const app = express();
  server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://localhost:${(server.address() as AddressInfo).port}`;
  op = await serveProvider();
  const { issuer, clientId, clientSecret } = op.provider;
  app.use((req, res, next) => {
    if (req.path !== "/auth/login") return next();
    const {
      "sec-fetch-mode": mode,
      "sec-fetch-dest": dest,
      "sec-purpose": purpose,
    } = req.headers as Record<string, string>;
    res.on("finish", () =>
      attempts.push({ mode, dest, purpose, status: res.statusCode, declined: res.get("latchkey-declined") }),
    );
    next();
  });
  for (const [path, html] of Object.entries(pages)) app.get(path, (_req, res) => void res.send(html));
  for (const [path, script] of Object.entries(workers)) app.get(path, (_req, res) => void res.type("js").send(script));
  for (const [path, name] of Object.entries(libraries)) app.get(path, (_req, res) => res.sendFile(name));
  app.use(auth({ issuer, clientId, clientSecret, secret: "a secret of the tests, of 32 characters", baseUrl: url }));
  app.get("/done", (req, res) => void res.send(page("", `<p id="user">${req.auth.session?.user.sub}</p>`)));
  context = await browser.newContext();
  context.setDefaultTimeout(15_000);
  tab = await context.newPage();
});

afterEach(async () => {
  await context?.close();
  server?.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await op?.close();
});

const signIns = () => op.provider.requests.filter(({ endpoint }) => endpoint === "authorize").length;
const declined = { status: 403, declined: "not a navigation" };

/** The user went to the provider, and came back signed in, by one sign-in. */
async function expectSignedIn(): Promise<void> {
  await tab.waitForURL(`${url}/done`);
  expect(await tab.textContent("#user")).toBe("alice");
  expect(signIns()).toBe(1);
}

/** Nothing began: the provider was not asked, and the browser has no cookie of a sign-in. */
async function expectNothingBegan(): Promise<void> {
  expect(signIns()).toBe(0);
  expect(await context.cookies()).toEqual([]);
}

describe("a navigation", () => {
  test("by a link signs in", async () => {
    await tab.goto(`${url}/plain`);
    await tab.click("#link");
    await expectSignedIn();
  });

  test("by a form signs in", async () => {
    await tab.goto(`${url}/plain`);
    await tab.click("#form");
    await tab.waitForURL(`${url}/`);
    expect(signIns()).toBe(1);
  });

  test("by location.assign() signs in", async () => {
    await tab.goto(`${url}/plain`);
    await tab.evaluate((to) => location.assign(to), LOGIN);
    await expectSignedIn();
  });
});

describe("a library that fetches pages ends at the provider", () => {
  test.each([
    ["htmx 2, hx-get", "/htmx-2", "#get"],
    ["htmx 2, hx-boost", "/htmx-2", "#boosted"],
    ["htmx 4, hx-get", "/htmx-4", "#get"],
    ["htmx 4, hx-boost", "/htmx-4", "#boosted"],
    ["Turbo Drive", "/turbo", "#link"],
  ])("%s", async (_name, path, link) => {
    await tab.goto(`${url}${path}`);
    await tab.click(link);
    await expectSignedIn();
    const fetched = attempts.filter(({ mode }) => mode !== "navigate");
    // Turbo also fetches when the pointer is over the link.
    expect(fetched.length).toBeGreaterThan(0);
    for (const attempt of fetched) expect(attempt).toMatchObject(declined);
  });
});

test("fetch() in a page gets 403 and a text that says what to do", async () => {
  await tab.goto(`${url}/plain`);
  const [status, header, text] = await tab.evaluate(async (to) => {
    const response = await fetch(to);
    return [response.status, response.headers.get("latchkey-declined"), await response.text()] as const;
  }, LOGIN);
  expect([status, header]).toEqual([403, "not a navigation"]);
  expect(text).toMatch(/^Only a navigation is answered here/);
  await expectNothingBegan();
});

describe("a service worker", () => {
  async function clickUnder(path: string): Promise<void> {
    await tab.goto(`${url}${path}`);
    await tab.evaluate(() => navigator.serviceWorker.ready);
    await tab.waitForFunction(() => navigator.serviceWorker.controller !== null);
    await tab.click("#link");
  }

  // `fetch(event.request)` keeps the mode "navigate", but its destination is "empty": such a request may also come from a frame.
  test.each([
    ["the URL", "/by-url", "empty"],
    ["the request", "/by-request", "empty"],
  ])("that fetches %s of a navigation shows the text", async (_name, path, dest) => {
    await clickUnder(path);
    await tab.getByText("Only a navigation is answered here").waitFor();
    expect(attempts).toMatchObject([{ ...declined, dest }]);
    await expectNothingBegan();
  });
});

// This Chromium prerenders nothing. A prerender is sent with `Sec-Purpose: prefetch;prerender`, which other tests send.
describe("what the browser fetches ahead starts nothing", () => {
  test.each([
    ["<link rel=prefetch>", "/prefetch"],
    ["speculation rules that prefetch", "/speculation"],
  ])("%s", async (_name, path) => {
    await tab.goto(`${url}${path}`);
    await expect.poll(() => attempts.length, { timeout: 15_000 }).toBeGreaterThan(0);
    for (const attempt of attempts)
      expect(attempt).toMatchObject({ ...declined, purpose: expect.stringContaining("prefetch") });
    await expectNothingBegan();
    // The click that follows signs in: the browser did not keep the response.
    await tab.evaluate((to) => location.assign(to), LOGIN);
    await expectSignedIn();
  });
});

test("a frame gets the text, and begins nothing", async () => {
  await tab.goto(`${url}/frame`);
  await tab.frameLocator("iframe").getByText("Only a navigation is answered here").waitFor();
  expect(attempts).toMatchObject([{ ...declined, dest: "iframe" }]);
  await expectNothingBegan();
});
