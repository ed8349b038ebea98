import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import type { Client } from "../../../adapters/browser/index.js";
import {
  app,
  begin,
  context,
  fillIn,
  inBrowser,
  isDone,
  keepBusy,
  open,
  options,
  page,
  provider,
  setForward,
  shows,
  signInByPopup,
  signOutLocally,
  token,
  user,
} from "../../support/spa.js";
import { beginSignedIn, beginWithTwoTabs, closeWhileRenewing, hasTurn, refusedGrants } from "../../support/spa-tabs.js";

inBrowser();

describe("a failure in one tab", () => {
  const clearSiteData = (on: Page) =>
    on.evaluate(
      () =>
        new Promise((done) => {
          indexedDB.deleteDatabase("latchkey").onsuccess = done;
        }),
    );

  test("cleared site data changes the user of no tab, and a sign-out still reaches all tabs", async () => {
    await beginSignedIn({ refreshTokens: true });
    for (let round = 0; round < 3; round++) await token({ refresh: true });
    await clearSiteData(page);
    const other = await open();
    await signInByPopup(other, "bob", { prompt: "login" });
    await shows("bob");
    expect((await token({ refresh: true })).code).toBe("");
    expect([await user(), await user(other)]).toEqual(["bob", "bob"]);
    await clearSiteData(page);
    await signOutLocally(other);
    await shows("no user");
    expect((await token()).code).toBe("no_session");
  });

  test("a new tab beside a busy one signs no user out, in browsers that withhold cookies from frames", async () => {
    await beginSignedIn({ refreshTokens: true }, "127.0.0.1");
    const stop = await keepBusy(page);
    const other = await context.newPage();
    await other.goto(app.origin);
    // The frame has found no session at the provider, and the new tab asks the other tab again.
    await other.waitForFunction(() => window.events.some(({ code }) => code === "login_required"));
    const userOfOther = other.evaluate(() => window.client.getUser());
    await stop();
    expect(await userOfOther).toMatchObject({ sub: "alice" });
    await isDone(other);
    expect([await user(), await user(other)]).toEqual(["alice", "alice"]);
    expect([(await token()).code, (await token({}, other)).code]).toEqual(["", ""]);
  });

  test("a new tab beside one that is busy for long gets the session when the busy tab sends it", async () => {
    await beginSignedIn({ refreshTokens: true }, "127.0.0.1");
    const stop = await keepBusy(page);
    const other = await open();
    expect(await user(other)).toBe("no user");
    await stop();
    expect(await user()).toBe("alice");
    await shows("alice", other);
  });

  test("the refresh token of a tab that was closed while it renewed is not used again", async () => {
    options["scope"] = "openid profile";
    await beginSignedIn({ refreshTokens: true });
    await closeWhileRenewing(await open());
    expect((await token({ scope: "email" })).code).toBe("");
    expect((await token({ refresh: true })).code).toBe("");
    expect(refusedGrants()).toEqual([]);
    expect(await user()).toBe("alice");
  });

  test("with an IndexedDB that cannot be written, no refresh token is used twice, and a sign-out reaches all tabs", async () => {
    const other = await beginWithTwoTabs({ refreshTokens: true });
    for (const tab of [page, other]) {
      await tab.evaluate(() => {
        IDBObjectStore.prototype.put = () => {
          throw new DOMException("full", "QuotaExceededError");
        };
      });
    }
    for (let round = 0; round < 2; round++) {
      for (const tab of [page, other]) expect((await token({ refresh: true }, tab)).code).toBe("");
    }
    expect(refusedGrants()).toEqual([]);
    await signOutLocally(other);
    await shows("no user");
  });

  test("with an IndexedDB that cannot be written, a sign-out is not undone by a new tab, whose record has a user", async () => {
    const other = await beginWithTwoTabs({ refreshTokens: true });
    for (const tab of [page, other]) {
      await tab.evaluate(() => {
        IDBObjectStore.prototype.put = () => {
          throw new DOMException("full", "QuotaExceededError");
        };
      });
    }
    await signOutLocally(other);
    await shows("no user");
    const third = await open();
    expect([await user(), await user(other), await user(third)]).toEqual(["no user", "no user", "no user"]);
    expect(provider.authorizations).toEqual([""]);
  });

  test.each([
    ["never answers", "IDBFactory.prototype.open = () => ({});"],
    ["cannot be read", "IDBObjectStore.prototype.get = () => { throw new DOMException('no', 'UnknownError'); };"],
  ])("an IndexedDB that %s in one tab does not stop other tabs, and signs no user out", async (_what, script) => {
    const other = await beginWithTwoTabs({ refreshTokens: true });
    await other.evaluate(script);
    const renewal = token({ refresh: true }, other);
    expect((await token({ refresh: true })).code).toBe("");
    expect((await renewal).code).toBe("");
    expect(refusedGrants()).toEqual([]);
    await context.addInitScript(script);
    const third = await open();
    expect(await user(third)).toBe("alice");
    expect(await signOutLocally(page)).toBeLessThan(5_000);
    await shows("no user", other);
  });

  test("an IndexedDB that does not respond for a moment spends no refresh token, and ends no session", async () => {
    const other = await beginWithTwoTabs({ refreshTokens: true }, "127.0.0.1");
    await other.evaluate(() => {
      const { open: real } = IDBFactory.prototype;
      IDBFactory.prototype.open = () => ({}) as IDBOpenDBRequest;
      Object.assign(window, { restore: () => Object.assign(IDBFactory.prototype, { open: real }) });
    });
    // The tab reads the session whenever it gets the focus.
    await other.evaluate(() => void dispatchEvent(new Event("focus")));
    await other.waitForTimeout(2_300);
    // Without IndexedDB the refresh token is not spent, and in this browser a frame finds no session at the provider.
    expect((await token({ refresh: true }, other)).code).toBe("login_required");
    await other.evaluate(() => (window as unknown as { restore(): void }).restore());
    for (const tab of [other, page]) await setForward(tab, 700);
    expect((await token({}, other)).code).toBe("");
    expect([await user(), await user(other)]).toEqual(["alice", "alice"]);
    expect(provider.grants).toEqual(["authorization_code", "refresh_token"]);
  });

  test("after a sign-out, a new tab whose IndexedDB does not respond does not sign in again", async () => {
    await beginSignedIn();
    await signOutLocally(page);
    await context.addInitScript("IDBFactory.prototype.open = () => ({});");
    const other = await open();
    expect([await user(), await user(other)]).toEqual(["no user", "no user"]);
  });

  test("a tab that freezes during its turn stops the others for the time of one turn", async () => {
    options["httpTimeout"] = 0.3;
    const other = await beginWithTwoTabs({ refreshTokens: true });
    await other.evaluate(() => {
      const stuck = window.latchkey.createClient({ ...window.clientOptions, fetch: () => new Promise(() => {}) });
      void stuck.getAccessToken({ refresh: true }).catch(() => {});
    });
    await hasTurn(other);
    const release = await keepBusy(other);
    try {
      // With so short an httpTimeout, the first requests may fail.
      await expect.poll(async () => (await token({ refresh: true })).code, { timeout: 20_000 }).toBe("");
    } finally {
      await release();
    }
  });

  test("a tab whose sign-in failed follows the sign-in of another tab", async () => {
    await begin({ consent: true });
    const other = await open();
    await page.click("#login");
    await fillIn(page);
    await page.click("text=Cancel");
    await page.waitForURL(`${app.origin}/callback/**`);
    await isDone();
    expect(await page.evaluate(() => [window.failed, window.shownError])).toEqual(["access_denied", "access_denied"]);
    const [popup] = await Promise.all([other.waitForEvent("popup"), other.click("#popup")]);
    await popup.click("[type=submit]");
    await shows("alice", other);
    await shows("alice");
    expect(await page.evaluate(() => window.shownError)).toBeUndefined();
  });

  test("a fetch that never ends stops the renewals of other tabs for the time of one turn, and their sign-outs for less", async () => {
    Object.assign(options, { httpTimeout: 0.3 });
    const other = await beginWithTwoTabs({ refreshTokens: true });
    // The client gets the session from the other clients, in a turn of its own.
    const userOfStuck = () =>
      other.evaluate(() => (window as unknown as { stuck: Client }).stuck.getUser().then((user) => user?.sub));
    await other.evaluate(() => {
      const stuck = window.latchkey.createClient({ ...window.clientOptions, fetch: () => new Promise(() => {}) });
      Object.assign(window, { stuck });
    });
    await expect.poll(userOfStuck).toBe("alice");
    await other.evaluate(() => {
      const { stuck } = window as unknown as { stuck: Client };
      Object.assign(window, { outcome: stuck.getAccessToken({ refresh: true }).catch((error) => error.code) });
    });
    await hasTurn(other);
    // With so short an httpTimeout, the first requests may fail.
    await expect.poll(async () => (await token({ refresh: true })).code, { timeout: 20_000 }).toBe("");
    expect(await other.evaluate(() => (window as unknown as { outcome: Promise<string> }).outcome)).toBe(
      "provider_unreachable",
    );
    await other.evaluate(() => {
      const { stuck } = window as unknown as { stuck: Client };
      void stuck.getAccessToken({ refresh: true }).catch(() => {});
    });
    await hasTurn(other);
    expect(await signOutLocally(page)).toBeLessThan(2_500);
    await shows("no user", other);
  });
});
