import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import {
  address,
  app,
  begin,
  context,
  fillIn,
  inBrowser,
  isDone,
  options,
  page,
  provider,
  rewrite,
  shows,
  signIn,
  signInByPopup,
  signOutLocally,
  token,
  user,
} from "../../support/spa.js";
import { beginSignedIn, beginWithTwoTabs, refusedGrants } from "../../support/spa-tabs.js";

inBrowser();

describe("browsers that withhold the provider's cookies from frames", () => {
  test("a reload shows no user, and does not ask the provider again; a refresh token still renews", async () => {
    await beginSignedIn({ refreshTokens: true }, "127.0.0.1");
    expect((await token({ refresh: true })).token).not.toBe("");
    await page.goto(app.origin);
    await isDone();
    expect(await user()).toBe("no user");
    expect(await page.evaluate(() => window.failed)).toBeUndefined();
  });

  test("with allowRedirect the page itself goes to the provider and back, but only once if no user is signed in there", async () => {
    options["allowRedirect"] = true;
    await beginSignedIn({}, "127.0.0.1");
    await page.goto(`${app.origin}/shows?page=3`);
    await page.waitForURL(`${app.origin}/callback/`);
    await shows("alice");
    expect(await page.evaluate(() => window.end)).toMatchObject({ returnTo: "/shows?page=3" });
    await provider.forgetSessions();
    await page.goto(`${app.origin}/shows?page=3`);
    await page.waitForURL(`${app.origin}/callback/`);
    await shows("no user");
    const before = provider.authorizations.length;
    await page.goto(`${app.origin}/shows?page=3`);
    await isDone();
    expect(await user()).toBe("no user");
    expect(provider.authorizations).toHaveLength(before);
  });

  test("if the provider's cookies are allowed on other sites, a frame works across sites", async () => {
    await beginSignedIn({ thirdParty: true }, "127.0.0.1");
    await page.goto(app.origin);
    await isDone();
    expect(await user()).toBe("alice");
  });
});

describe("a page that goes to the provider by itself", () => {
  test("is one of ten that are restored at once: the others wait for its session", async () => {
    options["allowRedirect"] = true;
    await beginSignedIn({ refreshTokens: true }, "127.0.0.1");
    const tabs = [page];
    while (tabs.length < 10) tabs.push(await context.newPage());
    await page.goto("about:blank");
    await Promise.all(tabs.map((tab) => tab.goto(`${app.origin}/shows`).catch(() => {})));
    await Promise.all(tabs.map((tab) => shows("alice", tab)));
    expect(provider.grants).toEqual(["authorization_code", "authorization_code"]);
    const tokens = await Promise.all(tabs.map((tab) => token({}, tab)));
    expect(new Set(tokens.map((result) => result.token)).size).toBe(1);
  });

  test("is one of three that are restored at once: if it finds no user, the others do not go", async () => {
    options["allowRedirect"] = true;
    await beginSignedIn({}, "127.0.0.1");
    await provider.forgetSessions();
    const tabs = [page, await context.newPage(), await context.newPage()];
    await page.goto("about:blank");
    await Promise.all(tabs.map((tab) => tab.goto(`${app.origin}/shows`).catch(() => {})));
    await Promise.all(tabs.map((tab) => shows("no user", tab)));
    // One frame and one page.
    expect(provider.authorizations).toEqual(["", "none", "none"]);
  });

  /** Starts the app with two tabs whose access token has expired, so that the page must beginWithExpiredToken to renew it. */
  async function beginWithExpiredToken(): Promise<Page> {
    options["allowRedirect"] = true;
    const other = await beginWithTwoTabs({ accessTokenLifetime: 2 }, "127.0.0.1");
    await page.waitForTimeout(2_100);
    return other;
  }
  const leaveForRenewal = (to: RegExp) => {
    void page.evaluate(() => void window.client.getAccessToken().catch(() => {}));
    return page.waitForURL(to);
  };

  test("does not undo a sign-out of another tab", async () => {
    const other = await beginWithExpiredToken();
    provider.delays.set("/token", 1_500);
    await leaveForRenewal(/callback\/\?/);
    await signOutLocally(other);
    await isDone();
    expect([await user(), await user(other)]).toEqual(["no user", "no user"]);
    expect((await token({}, other)).code).toBe("no_session");
  });

  test.each(["alice", "bob"])(
    "and finds no session there does not sign out %s, who signed in meanwhile in another tab",
    async (name) => {
      const other = await beginWithExpiredToken();
      await provider.forgetSessions();
      // The response of the app's callback page waits until another tab has signed in.
      let respond = () => {};
      const waiting = new Promise<void>((resolve) => {
        respond = resolve;
      });
      app.before = (url) => (url.includes("error=") && url.startsWith("/callback/") ? waiting : undefined);
      void page.evaluate(() => void window.client.getAccessToken().catch(() => {}));
      // First the frame sends its request, then the page.
      await expect.poll(() => provider.authorizations.slice(-2)).toEqual(["none", "none"]);
      await signInByPopup(other, name);
      respond();
      await page.waitForURL(`${app.origin}/callback/`);
      await isDone();
      expect([await user(), await user(other)]).toEqual([name, name]);
    },
  );

  test.each([
    ["no Web Locks", "Object.defineProperty(navigator, 'locks', { value: undefined });"],
    ["no BroadcastChannel", "delete globalThis.BroadcastChannel;"],
    [
      "an IndexedDB that is read-only",
      "IDBObjectStore.prototype.put = () => { throw new DOMException('no', 'QuotaExceededError'); };",
    ],
  ])("stays when no user is signed in, with %s", async (_what, script) => {
    options["allowRedirect"] = true;
    await beginSignedIn({}, "127.0.0.1");
    await provider.forgetSessions();
    await context.addInitScript(script);
    const before = provider.authorizations.length;
    for (let visit = 0; visit < 3; visit++) {
      await page.goto(`${app.origin}/shows`).catch(() => {});
      await shows("no user");
    }
    // Each visit may go to the provider once, and each page, before and after that, may try a frame.
    expect(provider.authorizations.length - before).toBeLessThanOrEqual(3 + 3 + 3);
  });

  test("does not loop if the app reloads its page after each return", async () => {
    options["allowRedirect"] = true;
    await beginSignedIn({}, "127.0.0.1");
    app.pages.set("/callback/", {
      body: `<!doctype html><script type="module" src="/client.js"></script><script type="module">
        const config = ${JSON.stringify({ issuer: provider.issuer, clientId: "spa", redirectUri: `${app.origin}/callback/`, silentRedirectUri: `${app.origin}/silent.html`, allowRedirect: true })};
        const end = await latchkey.createClient(config).handleCallback();
        if (end) location.replace(end.returnTo);
      </script>`,
    });
    const silentSignIns = () => provider.authorizations.filter((prompt) => prompt === "none").length;
    await page.goto(`${app.origin}/shows`).catch(() => {});
    await expect.poll(silentSignIns, { timeout: 10_000 }).toBeGreaterThanOrEqual(6);
    await page.waitForURL(`${app.origin}/shows`);
    await isDone();
    const total = silentSignIns();
    await page.waitForTimeout(1_000);
    expect(silentSignIns()).toBe(total);
    expect(total).toBeLessThanOrEqual(7);
  });
});

test.each([false, true])(
  "an app that calls getUser() before handleCallback() gets the results of both, with allowRedirect %s",
  async (allowRedirect) => {
    options["allowRedirect"] = allowRedirect;
    await begin({ refreshTokens: true });
    await rewrite("/callback/", "const end =", "window.first = (await client.getUser())?.sub; const end =");
    await page.evaluate(() => {
      window.loginOptions = { returnTo: "/shows" };
    });
    await signIn();
    expect(await page.evaluate(() => [(window as unknown as { first: string }).first, window.end])).toEqual([
      "alice",
      { returnTo: "/shows" },
    ]);
    expect(await page.evaluate(() => window.client.handleCallback().then(String))).toBe("undefined");
    expect(provider.grants).toEqual(["authorization_code"]);
    expect(provider.authorizations).toEqual([""]);
  },
);

test("getUser() works before the document has a body, in a page that restores its session by a frame", async () => {
  await beginSignedIn();
  app.pages.set("/early", {
    body: `<!doctype html><head><script type="module" async>
      import "/client.js";
      const config = ${JSON.stringify({ issuer: provider.issuer, clientId: "spa", redirectUri: `${app.origin}/callback/`, silentRedirectUri: `${app.origin}/silent.html` })};
      window.hadBody = document.body !== null;
      window.early = latchkey.createClient(config).getUser().then((user) => user?.sub, String);
    </script><script src="/slow.js"></script></head><body><p>the app</p></body>`,
  });
  app.pages.set("/slow.js", { body: "", headers: { "content-type": "text/javascript" } });
  app.before = (url) => (url === "/slow.js" ? new Promise((done) => setTimeout(done, 2_000)) : undefined);
  await page.goto(`${app.origin}/early`);
  const result = await page.evaluate(async () => {
    const { hadBody, early } = window as unknown as { hadBody: boolean; early: Promise<string> };
    return [hadBody, await early];
  });
  expect(result).toEqual([false, "alice"]);
  await expect.poll(() => page.locator("iframe").count()).toBe(0);
});

test("a page that was loaded offline shows the user when the network is back", async () => {
  await beginSignedIn();
  await context.route(`${provider.issuer}/**`, (route) => route.abort());
  await page.goto(app.origin);
  await isDone();
  expect(await page.evaluate(() => [window.failed, window.shownError])).toEqual([
    "provider_unreachable",
    "provider_unreachable",
  ]);
  await context.unroute(`${provider.issuer}/**`);
  await page.evaluate(() => void dispatchEvent(new Event("online")));
  await shows("alice");
  expect(await page.evaluate(() => window.shownError)).toBeUndefined();
  // The error goes away even if no user is signed in any more.
  await context.route(`${provider.issuer}/**`, (route) => route.abort());
  await page.goto(app.origin);
  await isDone();
  expect(await page.evaluate(() => window.shownError)).toBe("provider_unreachable");
  await provider.forgetSessions();
  await context.unroute(`${provider.issuer}/**`);
  await page.evaluate(() => void dispatchEvent(new Event("online")));
  await expect.poll(() => page.evaluate(() => window.shownError)).toBeUndefined();
  await shows("no user");
});

describe("browsers that withhold an API from the page", () => {
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
  test.each(without)("%s: a single tab signs in, renews and signs out", async (_what, script) => {
    await begin({ refreshTokens: true });
    await context.addInitScript(script);
    await page.reload();
    await isDone();
    await signIn();
    const results = await Promise.all([token({ refresh: true }), token({ refresh: true }), token()]);
    for (const result of results) expect(result.code).toBe("");
    expect(refusedGrants()).toEqual([]);
    await page.evaluate(() => window.client.logout({ local: true }));
    expect(await user()).toBe("no user");
    expect((await token()).code).toBe("no_session");
  });

  test.each([
    [
      "refused Web Locks",
      "LockManager.prototype.request = () => Promise.reject(new DOMException('no', 'SecurityError'));",
    ],
    ["no BroadcastChannel", "delete globalThis.BroadcastChannel;"],
    [
      "a BroadcastChannel that is refused",
      "globalThis.BroadcastChannel = class { constructor() { throw new DOMException('no', 'SecurityError'); } };",
    ],
  ])("%s: a popup signs in", async (_what, script) => {
    await begin();
    await context.addInitScript(script);
    await page.reload();
    await isDone();
    await signInByPopup(page);
    expect((await token({ refresh: true })).code).toBe("");
  });

  test("no sessionStorage: a redirect fails with an error, a popup works", async () => {
    await begin();
    await context.addInitScript(
      "Object.defineProperty(globalThis, 'sessionStorage', { get() { throw new DOMException('no', 'SecurityError'); } });",
    );
    await page.reload();
    await isDone();
    await page.click("#login");
    await expect.poll(() => page.evaluate(() => window.failed)).toBe("no_transaction");
    expect(await address()).toBe(`${app.origin}/`);
    const [popup] = await Promise.all([page.waitForEvent("popup"), page.click("#popup")]);
    await fillIn(popup);
    await shows("alice");
  });
});
