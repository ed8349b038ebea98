import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Client } from "../../adapters/browser/index.js";
import { launch } from "../support/chromium.js";
import { bundle, type SpaApp, startSpaApp } from "../support/spa-app.js";
import { PAY, SHOWS, startSpaProvider } from "../support/spa-provider.js";
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
let complaints: string[];
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
  complaints = [];
  context.on("weberror", (error) => complaints.push(error.error().message));
  await context.route(/fonts\.googleapis/, (route) => route.abort());
});
afterEach(async () => {
  // Nothing may be thrown where nobody catches it, in any tab.
  expect(complaints).toEqual([]);
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

/** All that a page can be read from by whoever comes after, or by another program. */
const written = (on: Page) =>
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

  test("a return to another site becomes the first page", async () => {
    await begin();
    await page.evaluate(() => {
      window.loginOptions = { returnTo: "https://evil.example/" };
    });
    await signIn();
    expect(await page.evaluate(() => window.end)).toMatchObject({ returnTo: "/" });
  });

  test.each([undefined, "same-origin"])("by popup, with the provider's opener policy %s", async (openerPolicy) => {
    await begin(openerPolicy ? { openerPolicy } : {});
    // As it is where one window is in front of the other: under test every page has the focus.
    await page.evaluate(() => {
      document.hasFocus = () => false;
    });
    const [popup] = await Promise.all([page.waitForEvent("popup"), page.click("#popup")]);
    await fillIn(popup);
    await shows("alice");
    expect(await page.evaluate(() => window.popped)).toBe("in");
    await expect.poll(() => popup.isClosed()).toBe(true);
    expect(page.url()).toBe(`${app.origin}/`);
    expect((await token()).token).not.toBe("");
  });

  test("who comes back from a popup that seemed to be closed is signed in all the same", async () => {
    await begin({ openerPolicy: "same-origin" });
    const [popup] = await Promise.all([page.waitForEvent("popup"), page.click("#popup")]);
    expect(await page.evaluate(() => window.popped)).toBe("access_denied");
    await fillIn(popup);
    await shows("alice");
    expect(await page.evaluate(() => window.client.getState().error)).toBeUndefined();
  });

  test("a popup that is closed is a refusal", async () => {
    await begin();
    const [popup] = await Promise.all([page.waitForEvent("popup"), page.click("#popup")]);
    await popup.waitForSelector("[name=login]");
    await popup.close();
    await page.bringToFront();
    expect(await page.evaluate(() => window.popped)).toBe("access_denied");
    expect(await user()).toBe("nobody");
  });

  test("a popup that the browser does not open says so", async () => {
    await begin();
    const code = await page.evaluate(() => {
      window.open = () => null;
      return window.client.login({ popup: true }).catch((error) => error.code);
    });
    expect(code).toBe("authorization_failed");
  });

  test("a denied consent is access_denied, and the next attempt works", async () => {
    await begin({ consent: true });
    await page.click("#login");
    await fillIn(page);
    await page.click("text=Cancel");
    await page.waitForURL(`${app.origin}/callback/**`);
    await isDone();
    expect(await page.evaluate(() => window.failed)).toBe("access_denied");
    expect(await user()).toBe("nobody");
    expect(page.url()).toBe(`${app.origin}/callback/`);
    await page.click("#login");
    await page.click("[type=submit]");
    await page.waitForURL(`${app.origin}/callback/**`);
    await shows("alice");
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

  test("a page of the app itself will do for the frame: what runs in it starts no frame of its own", async () => {
    await begin();
    options["silentRedirectUri"] = `${app.origin}/callback/`;
    await page.reload();
    await signIn();
    await page.goto(app.origin);
    await isDone();
    expect(await user()).toBe("alice");
    expect(provider.authorizations).toEqual(["", "none"]);
  });

  test("the way back after a sign-in, and a reload of its end, spend no code twice", async () => {
    await begin();
    await signIn();
    await page.reload();
    await isDone();
    expect(await user()).toBe("alice");
    await page.goBack().catch(() => {});
    await page.goto(`${app.origin}/callback/`);
    await isDone();
    expect(await user()).toBe("alice");
    expect(provider.grants.filter((grant) => grant.startsWith("!"))).toEqual([]);
  });

  test("asked twice, as React's development does, a callback ends once", async () => {
    await begin();
    await page.click("#login");
    await page.route("**/callback/**", async (route) => {
      const answer = await route.fetch();
      const body = (await answer.text()).replace(
        "await client.handleCallback()",
        "(await Promise.all([client.handleCallback(), client.handleCallback()]))[1]",
      );
      await route.fulfill({ response: answer, body });
    });
    await fillIn(page);
    await page.waitForURL(`${app.origin}/callback/**`);
    await isDone();
    expect(await page.evaluate(() => [window.failed, window.end])).toEqual([undefined, { returnTo: "/" }]);
    expect(provider.grants).toEqual(["authorization_code"]);
  });
});

describe("what is not ours does nothing", () => {
  test.each([
    "?state=g.somebody&code=else",
    "?code=alone",
    "?error=access_denied",
    "?state=g.x&error=login_required",
    "?state=p.x&code=y",
  ])("a visit with %s leaves a sign-in in progress alone", async (query) => {
    await begin();
    await page.click("#login");
    await page.waitForSelector("[name=login]");
    const authorize = page.url();
    await page.goto(`${app.origin}/callback/${query}`);
    await isDone();
    expect(await user()).toBe("nobody");
    expect(await page.evaluate(() => window.failed)).toBeUndefined();
    await page.goto(authorize);
    await fillIn(page);
    await page.waitForURL(`${app.origin}/callback/**`);
    await shows("alice");
  });

  test("a callback on another page than that of the redirect URI is none", async () => {
    await begin();
    await page.click("#login");
    await page.waitForSelector("[name=login]");
    options["redirectUri"] = `${app.origin}/elsewhere/`;
    await fillIn(page);
    await page.waitForURL(`${app.origin}/callback/**`);
    await isDone();
    expect(await page.evaluate(() => window.client.handleCallback().then(String))).toBe("undefined");
    expect(provider.grants).toEqual([]);
  });

  test("a page of another origin that frames us, or posts messages, gets nothing and changes nothing", async () => {
    await begin();
    await signIn();
    const evil = await startSpaApp(() => ({}), "127.0.0.1");
    evil.pages.set("/evil", {
      body: `<!doctype html><iframe src="${app.origin}/callback/?state=f.x&code=y"></iframe><script>
        window.heard = [];
        addEventListener("message", ({ data }) => heard.push(data));
      </script>`,
    });
    const attacker = await context.newPage();
    await attacker.goto(`${evil.origin}/evil`);
    await attacker.waitForTimeout(500);
    expect(await attacker.evaluate(() => (window as unknown as { heard: unknown[] }).heard)).toEqual([]);
    await page.evaluate(() => {
      window.loginOptions = { prompt: "login" };
    });
    // Under a popup of ours that waits, an attacker's message with any state is not the answer.
    const [popup] = await Promise.all([page.waitForEvent("popup"), page.click("#popup")]);
    await popup.waitForSelector("[name=login]");
    await popup.evaluate((to) => location.assign(to), `${evil.origin}/evil`);
    await popup.waitForURL(`${evil.origin}/evil`);
    await popup.evaluate((origin) => {
      for (const state of ["p.x", ""])
        window.opener.postMessage({ latchkey: "callback", url: `${origin}/callback/?state=${state}&code=y` }, "*");
    }, app.origin);
    await page.waitForTimeout(300);
    expect(await user()).toBe("alice");
    expect(provider.grants).toEqual(["authorization_code"]);
    await evil.stop();
  });

  test("nonsense on our channels and in our storage changes nothing", async () => {
    await begin();
    await signIn();
    await page.evaluate((issuer) => {
      const channel = new BroadcastChannel(`latchkey spa ${issuer}`);
      for (const data of [null, 1, "x", {}, [], { asks: "x" }]) channel.postMessage(data);
      new BroadcastChannel("latchkey.popup").postMessage({ latchkey: "callback", url: "not a URL" });
      sessionStorage.setItem("latchkey.tx.g.broken", "{");
    }, provider.issuer);
    await page.waitForTimeout(100);
    expect(await user()).toBe("alice");
    await page.goto(`${app.origin}/callback/?state=g.broken&code=x`);
    await isDone();
    expect(await page.evaluate(() => window.failed)).toBeUndefined();
  });
});

describe("tokens", () => {
  test.each(["a refresh token", "a frame"])("ten askers in each of three tabs renew once, by %s", async (by) => {
    const byRefresh = by === "a refresh token";
    await begin({ accessTokenLifetime: 4, refreshTokens: byRefresh });
    await signIn();
    const pages = [page, await open(), await open()];
    for (const tab of pages) expect(await user(tab)).toBe("alice");
    const first = (await token()).token;
    await page.waitForTimeout(3_400);
    const before = provider.grants.length;
    const answers = await Promise.all(
      pages.map((tab) =>
        tab.evaluate(() => Promise.all(Array.from({ length: 10 }, () => window.client.getAccessToken()))),
      ),
    );
    const tokens = new Set(answers.flat());
    expect(tokens.size).toBe(1);
    expect(tokens).not.toContain(first);
    expect(provider.grants.slice(before)).toEqual([byRefresh ? "refresh_token" : "authorization_code"]);
  });

  test("rounds of renewals in three tabs spend no refresh token twice", async () => {
    await begin({ refreshTokens: true });
    await signIn();
    const pages = [page, await open(), await open()];
    for (let round = 0; round < 15; round++) {
      await Promise.all(pages.map((tab) => token({ refresh: true }, tab)));
    }
    expect(provider.grants.filter((grant) => grant.startsWith("!"))).toEqual([]);
    expect(provider.grants.filter((grant) => grant === "refresh_token").length).toBeGreaterThanOrEqual(15);
    expect(await Promise.all(pages.map((tab) => user(tab)))).toEqual(["alice", "alice", "alice"]);
  });

  test("a tab that dies while it renews leaves nobody to spend the same token again", async () => {
    await begin({ refreshTokens: true });
    await signIn();
    const other = await open();
    provider.delays.set("/token", 700);
    void token({ refresh: true }, other).catch(() => {});
    await page.waitForTimeout(300);
    await other.close();
    provider.delays.clear();
    expect((await token({ refresh: true })).token).not.toBe("");
    expect(provider.grants.filter((grant) => grant.startsWith("!"))).toEqual([]);
    expect(provider.authorizations.at(-1)).toBe("none");
  });

  test("a token that ends is renewed in use, and never given after its end", async () => {
    await begin({ accessTokenLifetime: 3 });
    await signIn();
    const lives = (text: string) =>
      JSON.parse(Buffer.from(text.split(".")[1] ?? "", "base64url").toString()) as { exp: number };
    options["audience"] = SHOWS;
    options["resourceIndicators"] = true;
    options["scope"] = "openid read:shows";
    await page.goto(app.origin);
    await isDone();
    const seen = new Set<string>();
    for (let at = 0; at < 20; at++) {
      const { token: text } = await token();
      expect(lives(text).exp * 1000).toBeGreaterThan(Date.now() - 200);
      seen.add(text);
      await page.waitForTimeout(300);
    }
    expect(seen.size).toBeGreaterThanOrEqual(2);
  });

  test("a provider that is down costs no session: the token at hand serves to its end, then the error says why", async () => {
    await begin({ accessTokenLifetime: 5, refreshTokens: true });
    await signIn();
    const { token: first } = await token();
    await page.waitForTimeout(4_100);
    provider.broken.add("/token");
    expect(await token()).toEqual({ token: first, code: "" });
    await page.waitForTimeout(1_200);
    expect(await token()).toEqual({ token: "", code: "provider_unreachable" });
    expect(await page.evaluate(() => window.client.peekAccessToken())).toBeUndefined();
    expect(await user()).toBe("alice");
    provider.broken.clear();
    expect((await token()).token).not.toBe("");
    expect(provider.grants.at(-1)).toBe("refresh_token");
  });

  test("two audiences side by side, each with its own scope", async () => {
    await begin({ refreshTokens: true });
    Object.assign(options, { audience: [SHOWS, PAY], resourceIndicators: true, scope: "openid email read:shows pay" });
    await page.reload();
    await isDone();
    await signIn();
    const claims = ({ token: text }: { token: string }) =>
      JSON.parse(Buffer.from(text.split(".")[1] ?? "", "base64url").toString());
    expect(claims(await token())).toMatchObject({ aud: SHOWS, scope: "read:shows" });
    expect(claims(await token({ audience: PAY, scope: "pay" }))).toMatchObject({ aud: PAY, scope: "pay" });
    expect(claims(await token({ audience: SHOWS, scope: "read:shows" }))).toMatchObject({ aud: SHOWS });
    expect(claims(await token({ audience: PAY, scope: "pay" }))).toMatchObject({ aud: PAY });
    expect(provider.grants).toEqual(["authorization_code", "refresh_token"]);
    // One that was not named would spend the refresh token for nothing.
    expect((await token({ audience: "http://api.test/other" })).code).toBe("ERR_CONFIG");
    expect(provider.grants).toHaveLength(2);
  });

  test("a scope that is asked for at a sign-in stays through renewals, and one that nobody granted is not made up", async () => {
    await begin();
    Object.assign(options, { audience: SHOWS, resourceIndicators: true, scope: "openid read:shows" });
    await page.reload();
    await isDone();
    await page.evaluate(() => {
      window.loginOptions = { scope: "email" };
    });
    await signIn();
    expect(await page.evaluate(() => window.client.getUser())).toEqual({ sub: "alice", email: "alice@people.test" });
    expect((await token({ refresh: true })).token).not.toBe("");
    expect(await page.evaluate(() => window.client.getUser())).toEqual({ sub: "alice", email: "alice@people.test" });
  });

  test("further claims come from userinfo where that is asked for", async () => {
    options["userinfo"] = true;
    await begin();
    await signIn();
    expect(await page.evaluate(() => window.client.getUser())).toMatchObject({ sub: "alice", name: "alice" });
    expect(provider.urls).toContain("/me");
  });

  test("they are in no storage, cookie, URL, event or console line", async () => {
    await begin({ refreshTokens: true });
    const printed: string[] = [];
    page.on("console", (message) => printed.push(message.text()));
    await signIn();
    await token({ refresh: true });
    const everything =
      (await written(page)) +
      JSON.stringify(await context.storageState()) +
      printed.join() +
      provider.urls.join() +
      page.url();
    const secrets = provider.issued.flatMap(({ access_token, refresh_token, id_token }) => [
      access_token,
      refresh_token,
      id_token,
    ]);
    expect(secrets).toHaveLength(6);
    for (const secret of secrets) expect(everything).not.toContain(secret);
  });
});

describe("several tabs", () => {
  test("a sign-in is every tab's, and so is a sign-out: the refresh token is revoked", async () => {
    await begin({ refreshTokens: true });
    const other = await open();
    expect(await user(other)).toBe("nobody");
    await signIn();
    await shows("alice", other);
    expect((await token({}, other)).token).toBe((await token()).token);
    await page.evaluate(() => void window.client.logout());
    await page.waitForURL(`${app.origin}/`);
    await isDone();
    await shows("nobody", other);
    expect(await token({}, other)).toEqual({ token: "", code: "no_session" });
    expect(await user()).toBe("nobody");
    expect(provider.urls).toContain("/token/revocation");
  });

  test("a new tab takes the session from those that are open, without asking the provider", async () => {
    await begin();
    await signIn();
    const other = await open();
    expect(await user(other)).toBe("alice");
    expect(provider.authorizations).toEqual([""]);
  });

  test("a tab of a version of the app that asks for something else keeps its own, and is signed out with the others", async () => {
    await begin({ refreshTokens: true });
    await signIn();
    Object.assign(options, { audience: SHOWS, resourceIndicators: true, scope: "openid read:shows" });
    const newer = await open();
    expect(await user(newer)).toBe("alice");
    const audienceOf = async (on: Page) =>
      JSON.parse(Buffer.from((await token({}, on)).token.split(".")[1] || "e30", "base64url").toString()).aud;
    expect(await audienceOf(newer)).toBe(SHOWS);
    expect(await audienceOf(page)).toBeUndefined();
    for (let round = 0; round < 3; round++) for (const tab of [page, newer]) await token({ refresh: true }, tab);
    expect(await audienceOf(newer)).toBe(SHOWS);
    expect(await audienceOf(page)).toBeUndefined();
    expect(provider.grants.filter((grant) => grant.startsWith("!"))).toEqual([]);
    await newer.evaluate(() => window.client.logout({ local: true }));
    await shows("nobody");
  });

  test("a local sign-out leaves the provider's session, and nobody is signed in again by a reload", async () => {
    await begin();
    await signIn();
    await page.evaluate(() => window.client.logout({ local: true }));
    expect(await user()).toBe("nobody");
    await page.goto(app.origin);
    await isDone();
    expect(await user()).toBe("nobody");
    expect(provider.authorizations).toEqual([""]);
  });

  /** Bob signs in at the provider, in the same browser, for another app. */
  async function bobComes(): Promise<void> {
    await provider.forgetSessions();
    const bob = await context.newPage();
    const asked = { client_id: "spa", response_type: "code", scope: "openid", state: "x", prompt: "login" };
    const pkce = { code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", code_challenge_method: "S256" };
    const query = new URLSearchParams({ ...asked, ...pkce, redirect_uri: `${app.origin}/silent.html` });
    await bob.goto(`${provider.issuer}/auth?${query}`);
    await fillIn(bob, "bob");
    await bob.waitForURL(`${app.origin}/silent.html**`);
    await bob.close();
  }

  /** A provider that does not care for the hint. */
  const forgetHints = () =>
    context.route(`${provider.issuer}/request`, async (route) => {
      const form = new URLSearchParams(route.request().postData() ?? "");
      expect(form.get("prompt")).toBe("none");
      expect(form.has("id_token_hint")).toBe(true);
      form.delete("id_token_hint");
      await route.continue({ postData: `${form}` });
    });

  test.each(["heeds", "does not heed"])(
    "a renewal that would come back as somebody else is refused, where the provider %s the hint",
    async (heeds) => {
      await begin();
      await signIn("alice");
      await bobComes();
      if (heeds === "does not heed") await forgetHints();
      expect(await token({ refresh: true })).toEqual({ token: "", code: "login_required" });
      // Alice's own token still serves to its end.
      expect((await token()).token).not.toBe("");
      expect(await user()).toBe("alice");
    },
  );

  test("nor does a page that left for a renewal come back as somebody else", async () => {
    options["allowRedirect"] = true;
    await begin({ accessTokenLifetime: 2 }, "127.0.0.1");
    await signIn("alice");
    await bobComes();
    await forgetHints();
    await page.waitForTimeout(2_100);
    await page.evaluate(() => void window.client.getAccessToken());
    await page.waitForURL(`${app.origin}/callback/?**`);
    await page.waitForURL(`${app.origin}/callback/`);
    await shows("nobody");
  });
});

describe("where the provider's cookies are kept from frames", () => {
  test("a reload signs nobody in, and does not ask again; a refresh token goes on", async () => {
    await begin({ refreshTokens: true }, "127.0.0.1");
    await signIn();
    expect((await token({ refresh: true })).token).not.toBe("");
    await page.goto(app.origin);
    await isDone();
    expect(await user()).toBe("nobody");
    expect(await page.evaluate(() => window.failed)).toBeUndefined();
  });

  test("with allowRedirect the page itself goes there and back, and only once when nobody is signed in", async () => {
    options["allowRedirect"] = true;
    await begin({}, "127.0.0.1");
    await signIn();
    await page.goto(`${app.origin}/shows?page=3`);
    await page.waitForURL(`${app.origin}/callback/`);
    await shows("alice");
    expect(await page.evaluate(() => window.end)).toMatchObject({ returnTo: "/shows?page=3" });
    await provider.forgetSessions();
    await page.goto(`${app.origin}/shows?page=3`);
    await page.waitForURL(`${app.origin}/callback/`);
    await shows("nobody");
    const asked = provider.authorizations.length;
    await page.goto(`${app.origin}/shows?page=3`);
    await isDone();
    expect(await user()).toBe("nobody");
    expect(provider.authorizations).toHaveLength(asked);
  });

  test("with cookies for other sites allowed, a frame works across sites", async () => {
    await begin({ thirdParty: true }, "127.0.0.1");
    await signIn();
    await page.goto(app.origin);
    await isDone();
    expect(await user()).toBe("alice");
  });
});

describe("where the browser keeps something from the page", () => {
  const without: Array<[what: string, script: string]> = [
    ["no Web Locks", "Object.defineProperty(navigator, 'locks', { value: undefined });"],
    ["no BroadcastChannel", "delete globalThis.BroadcastChannel;"],
    ["no IndexedDB", "Object.defineProperty(globalThis, 'indexedDB', { value: undefined });"],
    [
      "an IndexedDB that fails",
      "IDBFactory.prototype.open = () => { throw new DOMException('no', 'SecurityError'); };",
    ],
    [
      "an IndexedDB that fails later",
      "IDBFactory.prototype.open = () => { const request = {}; setTimeout(() => request.onerror(), 1); return request; };",
    ],
  ];
  test.each(without)("%s: a tab by itself signs in, renews, signs out", async (_what, script) => {
    await begin({ refreshTokens: true });
    await context.addInitScript(script);
    await page.reload();
    await isDone();
    await signIn();
    const answers = await Promise.all([token({ refresh: true }), token({ refresh: true }), token()]);
    for (const answer of answers) expect(answer.code).toBe("");
    expect(provider.grants.filter((grant) => grant.startsWith("!"))).toEqual([]);
    await page.evaluate(() => window.client.logout({ local: true }));
    expect(await user()).toBe("nobody");
    expect((await token()).code).toBe("no_session");
  });

  test("no sessionStorage: a redirect says that it cannot come back, a popup works", async () => {
    await begin();
    await context.addInitScript(
      "Object.defineProperty(globalThis, 'sessionStorage', { get() { throw new DOMException('no', 'SecurityError'); } });",
    );
    await page.reload();
    await isDone();
    await page.click("#login");
    await expect.poll(() => page.evaluate(() => window.failed)).toBe("no_transaction");
    expect(page.url()).toBe(`${app.origin}/`);
    const [popup] = await Promise.all([page.waitForEvent("popup"), page.click("#popup")]);
    await fillIn(popup);
    await shows("alice");
  });
});

describe("races", () => {
  test("a sign-out while another tab renews stays one, in all tabs", async () => {
    await begin({ refreshTokens: true });
    await signIn();
    const other = await open();
    for (const delay of [0, 60]) {
      if ((await user()) !== "alice") {
        await page.evaluate(() => window.client.login());
        await page.waitForURL(`${app.origin}/callback/**`);
        await shows("alice");
        await shows("alice", other);
      }
      provider.delays.set("/token", 150);
      const renewal = token({ refresh: true }, other);
      await page.waitForTimeout(delay);
      await page.evaluate(() => window.client.logout({ local: true }));
      await renewal;
      provider.delays.clear();
      await page.waitForTimeout(300);
      expect([await user(), await user(other)]).toEqual(["nobody", "nobody"]);
      expect([(await token()).code, (await token({}, other)).code]).toEqual(["no_session", "no_session"]);
    }
  });

  test("two clients of one id in one page, and tabs that die at any moment, lose nobody", async () => {
    await begin({ refreshTokens: true });
    await signIn();
    await page.evaluate(() => {
      const { latchkey } = window as unknown as { latchkey: { createClient(options: object): Client } };
      const twin = latchkey.createClient((window as unknown as { made: object }).made);
      Object.assign(window, { twin });
    });
    const twice = () =>
      page.evaluate(() => {
        const { twin } = window as unknown as { twin: Client };
        const asked = [window.client, twin].map((client) => client.getAccessToken({ refresh: true }));
        return Promise.all(asked).then((tokens) => new Set(tokens).size);
      });
    expect(await twice()).toBeLessThanOrEqual(2);
    provider.delays.set("/token", 40);
    for (let round = 0; round < 8; round++) {
      const victim = await open();
      const dying = token({ refresh: true }, victim).catch(() => {});
      const staying = token({ refresh: true });
      await page.waitForTimeout(round * 12);
      await victim.close();
      await dying;
      expect((await staying).code).toBe("");
    }
    expect(provider.grants.filter((grant) => grant.startsWith("!"))).toEqual([]);
    expect(await user()).toBe("alice");
  });

  test("tokens that are over as soon as they come are asked for once each time, and never given", async () => {
    await begin({ accessTokenLifetime: 1, refreshTokens: true });
    await signIn();
    await page.waitForTimeout(1_100);
    const before = provider.grants.length;
    const answers = await page.evaluate(() =>
      Promise.all(
        Array.from({ length: 5 }, () =>
          window.client.getAccessToken().then(
            () => "",
            (error) => error.code,
          ),
        ),
      ),
    );
    expect(new Set(answers)).toEqual(new Set([""]));
    await page.waitForTimeout(500);
    expect(provider.grants.length - before).toBeLessThanOrEqual(2);
  });
});

describe("a page with a strict policy", () => {
  test("signs in and renews with frame-src, connect-src and no inline script in the frame", async () => {
    await begin();
    app.headers = {
      "content-security-policy": `default-src 'self'; script-src 'self' 'unsafe-inline'; frame-src 'self' ${provider.issuer}; connect-src 'self' ${provider.issuer}`,
    };
    app.pages.set("/silent.html", { body: "", headers: { "content-security-policy": "default-src 'none'" } });
    await page.reload();
    await isDone();
    await signIn();
    await page.goto(app.origin);
    await isDone();
    expect(await user()).toBe("alice");
  });
});

describe("React, in its development build under StrictMode", () => {
  const view = `
    import { createElement as h, StrictMode } from "react";
    import { createRoot } from "react-dom/client";
    import { AuthProvider, useAuth } from "latchkey/react";
    function Row() {
      const { user, isLoading, accessToken, login } = useAuth({ scope: "openid" });
      const text = isLoading ? "…" : user ? user.sub + " " + (accessToken ?? "none").slice(-12) : "nobody";
      return h("p", { className: "row", onClick: () => login() }, text);
    }
    const rows = Array.from({ length: 10 }, (_, key) => h(Row, { key }));
    createRoot(document.querySelector("main")).render(h(StrictMode, null, h(AuthProvider, CONFIG, rows)));
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
    const config = { issuer: provider.issuer, clientId: "spa", redirectUri: `${app.origin}/callback/` };
    const silentRedirectUri = `${app.origin}/silent.html`;
    const code = await bundle(view.replace("CONFIG", JSON.stringify({ ...config, silentRedirectUri })));
    app.pages.set("/view.js", { body: code, headers: { "content-type": "text/javascript" } });
    const body = '<!doctype html><main></main><script type="module" src="/view.js"></script>';
    for (const path of ["/", "/callback/"]) app.pages.set(path, { body });
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

test("the README's page, as it stands", async () => {
  await begin({ refreshTokens: true });
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  const snippet = /<!-- test: browser -->\n```js\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
  const api = createServer((req, res) => {
    res.setHeader("access-control-allow-origin", app.origin);
    res.setHeader("access-control-allow-headers", "authorization");
    res.end(req.method === "OPTIONS" ? "" : `shows for ${req.headers.authorization?.slice(0, 10)}`);
  });
  await new Promise<void>((resolve) => api.listen(0, "localhost", resolve));
  const shows = `http://localhost:${(api.address() as AddressInfo).port}/shows`;
  const code = await bundle(
    snippet
      .replace("https://tenant.eu.auth0.com/", provider.issuer)
      .replace('"…"', '"spa"')
      .replaceAll("https://api.example/shows", shows),
  );
  const body =
    '<!doctype html><p id="user"></p><button id="login"></button><button id="logout"></button><button id="shows"></button><p id="answer"></p><script type="module" src="/readme.js"></script>';
  for (const path of ["/readme", "/callback/", "/"]) app.pages.set(path, { body });
  app.pages.set("/readme.js", { body: code, headers: { "content-type": "text/javascript" } });
  await page.goto(`${app.origin}/readme`);
  const says = (text: string) => page.waitForSelector(`text=${text}`);
  await says("Nobody is signed in.");
  await page.click("#login");
  await fillIn(page);
  await says("alice");
  expect(page.url()).toBe(`${app.origin}/readme`);
  await page.click("#shows");
  await says("shows for Bearer");
  await page.reload();
  await says("alice");
  await page.click("#logout");
  await page.waitForURL(`${app.origin}/`);
  await says("Nobody is signed in.");
  await new Promise((resolve) => api.close(resolve));
});
