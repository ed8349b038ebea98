import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import type { Client } from "../../../adapters/browser/index.js";
import {
  app,
  begin,
  context,
  dieRenewing,
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
  signIn,
  signInByPopup,
  signOutHere,
  token,
  user,
} from "../../support/spa.js";

inBrowser();

describe("a failure in one tab", () => {
  const forgetSite = (on: Page) =>
    on.evaluate(
      () =>
        new Promise((done) => {
          indexedDB.deleteDatabase("latchkey").onsuccess = done;
        }),
    );

  test("cleared site data turns no tab into another user, and hides no sign-out", async () => {
    await begin({ refreshTokens: true });
    await signIn();
    for (let round = 0; round < 3; round++) await token({ refresh: true });
    await forgetSite(page);
    const other = await open();
    await signInByPopup(other, "bob", { prompt: "login" });
    await shows("bob");
    expect((await token({ refresh: true })).code).toBe("");
    expect([await user(), await user(other)]).toEqual(["bob", "bob"]);
    await forgetSite(page);
    await signOutHere(other);
    await shows("nobody");
    expect((await token()).code).toBe("no_session");
  });

  test("a new tab beside a busy one signs no user out, in browsers that withhold cookies from frames", async () => {
    await begin({ refreshTokens: true }, "127.0.0.1");
    await signIn();
    const stop = await keepBusy(page);
    const other = await context.newPage();
    await other.goto(app.origin);
    // The frame has found nobody, and the new tab asks once more.
    await other.waitForFunction(() => window.events.some(({ code }) => code === "login_required"));
    const found = other.evaluate(() => window.client.getUser());
    await stop();
    expect(await found).toMatchObject({ sub: "alice" });
    await isDone(other);
    expect([await user(), await user(other)]).toEqual(["alice", "alice"]);
    expect([(await token()).code, (await token({}, other)).code]).toEqual(["", ""]);
  });

  test("a new tab beside one that is busy for long takes over the session when it arrives", async () => {
    await begin({ refreshTokens: true }, "127.0.0.1");
    await signIn();
    const stop = await keepBusy(page);
    const other = await open();
    expect(await user(other)).toBe("nobody");
    await stop();
    expect(await user()).toBe("alice");
    await shows("alice", other);
  });

  test("the refresh token of a tab that was closed while it renewed is not used again", async () => {
    options["scope"] = "openid profile";
    await begin({ refreshTokens: true });
    await signIn();
    await dieRenewing(await open());
    expect((await token({ scope: "email" })).code).toBe("");
    expect((await token({ refresh: true })).code).toBe("");
    expect(provider.grants.filter((grant) => grant.startsWith("!"))).toEqual([]);
    expect(await user()).toBe("alice");
  });

  test("with an IndexedDB that cannot be written, no refresh token is used twice, and a sign-out reaches all tabs", async () => {
    await begin({ refreshTokens: true });
    await signIn();
    const other = await open();
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
    expect(provider.grants.filter((grant) => grant.startsWith("!"))).toEqual([]);
    await signOutHere(other);
    await shows("nobody");
  });

  test.each([
    ["never answers", "IDBFactory.prototype.open = () => ({});"],
    ["cannot be read", "IDBObjectStore.prototype.get = () => { throw new DOMException('no', 'UnknownError'); };"],
  ])("an IndexedDB that %s in one tab stops no other tab, and signs no user out", async (_what, script) => {
    await begin({ refreshTokens: true });
    await signIn();
    const other = await open();
    await other.evaluate(script);
    const renewal = token({ refresh: true }, other);
    expect((await token({ refresh: true })).code).toBe("");
    expect((await renewal).code).toBe("");
    expect(provider.grants.filter((grant) => grant.startsWith("!"))).toEqual([]);
    await context.addInitScript(script);
    const third = await open();
    expect(await user(third)).toBe("alice");
    expect(await signOutHere(page)).toBeLessThan(5_000);
    await shows("nobody", other);
  });

  test("an IndexedDB that does not answer for a moment costs no refresh token, and no session of other tabs", async () => {
    await begin({ refreshTokens: true }, "127.0.0.1");
    await signIn();
    const other = await open();
    await other.evaluate(() => {
      const { open: real } = IDBFactory.prototype;
      IDBFactory.prototype.open = () => ({}) as IDBOpenDBRequest;
      Object.assign(window, { answer: () => Object.assign(IDBFactory.prototype, { open: real }) });
    });
    // It looks, as it does whenever somebody looks at it.
    await other.evaluate(() => void dispatchEvent(new Event("focus")));
    await other.waitForTimeout(2_300);
    // While it is silent the token is not spent, and frames find nobody here.
    expect((await token({ refresh: true }, other)).code).toBe("login_required");
    await other.evaluate(() => (window as unknown as { answer(): void }).answer());
    for (const tab of [other, page]) await setForward(tab, 700);
    expect((await token({}, other)).code).toBe("");
    expect([await user(), await user(other)]).toEqual(["alice", "alice"]);
    expect(provider.grants).toEqual(["authorization_code", "refresh_token"]);
  });

  test("after a sign-out, a new tab whose IndexedDB does not answer does not sign in again", async () => {
    await begin();
    await signIn();
    await signOutHere(page);
    await context.addInitScript("IDBFactory.prototype.open = () => ({});");
    const other = await open();
    expect([await user(), await user(other)]).toEqual(["nobody", "nobody"]);
  });

  test("a tab that is frozen in its turn stops the others for the time of one turn", async () => {
    options["httpTimeout"] = 0.3;
    await begin({ refreshTokens: true });
    await signIn();
    const other = await open();
    await other.evaluate(() => {
      const stuck = window.latchkey.createClient({ ...window.made, fetch: () => new Promise(() => {}) });
      void stuck.getAccessToken({ refresh: true }).catch(() => {});
    });
    await expect.poll(() => other.evaluate(async () => (await navigator.locks.query()).held?.length)).toBe(1);
    const release = await keepBusy(other);
    try {
      // So short a time for requests may be too short, once or twice.
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

  test("a fetch that never ends stops the other tabs for the time of one turn, and their sign-outs for less", async () => {
    Object.assign(options, { httpTimeout: 0.3 });
    await begin({ refreshTokens: true });
    await signIn();
    const other = await open();
    const isStuck = () =>
      expect.poll(() => other.evaluate(async () => (await navigator.locks.query()).held?.length)).toBe(1);
    // It hears from the others who is signed in, in a turn of its own.
    const isHeard = () =>
      other.evaluate(() => (window as unknown as { stuck: Client }).stuck.getUser().then((found) => found?.sub));
    await other.evaluate(() => {
      const stuck = window.latchkey.createClient({ ...window.made, fetch: () => new Promise(() => {}) });
      Object.assign(window, { stuck });
    });
    await expect.poll(isHeard).toBe("alice");
    await other.evaluate(() => {
      const { stuck } = window as unknown as { stuck: Client };
      Object.assign(window, { held: stuck.getAccessToken({ refresh: true }).catch((error) => error.code) });
    });
    await isStuck();
    // So short a time for requests may be too short, once or twice.
    await expect.poll(async () => (await token({ refresh: true })).code, { timeout: 20_000 }).toBe("");
    expect(await other.evaluate(() => (window as unknown as { held: Promise<string> }).held)).toBe(
      "provider_unreachable",
    );
    await other.evaluate(() => {
      const { stuck } = window as unknown as { stuck: Client };
      void stuck.getAccessToken({ refresh: true }).catch(() => {});
    });
    await isStuck();
    expect(await signOutHere(page)).toBeLessThan(2_500);
    await shows("nobody", other);
  });
});
