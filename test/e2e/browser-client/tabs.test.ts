import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import {
  app,
  begin,
  context,
  fillIn,
  inBrowser,
  isDone,
  open,
  options,
  page,
  provider,
  shows,
  signIn,
  token,
  user,
} from "../../support/spa.js";
import { SHOWS } from "../../support/spa-provider.js";
import { beginSignedIn, beginWithTwoTabs, refusedGrants } from "../../support/spa-tabs.js";

inBrowser();

describe("several tabs", () => {
  test("a sign-in and a sign-out count in every tab, and a sign-out revokes the refresh token", async () => {
    await begin({ refreshTokens: true });
    const other = await open();
    expect(await user(other)).toBe("no user");
    await signIn();
    await shows("alice", other);
    expect((await token({}, other)).token).toBe((await token()).token);
    await page.evaluate(() => void window.client.logout());
    await page.waitForURL(`${app.origin}/`);
    await isDone();
    await shows("no user", other);
    expect(await token({}, other)).toEqual({ token: "", code: "no_session" });
    expect(await user()).toBe("no user");
    expect(provider.urls).toContain("/token/revocation");
  });

  test("a new tab gets the session from an open tab, without a request to the provider", async () => {
    const other = await beginWithTwoTabs();
    expect(await user(other)).toBe("alice");
    expect(provider.authorizations).toEqual([""]);
  });

  test("a tab with another scope and audience keeps its own tokens, and is signed out with the others", async () => {
    await beginSignedIn({ refreshTokens: true });
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
    expect(refusedGrants()).toEqual([]);
    await newer.evaluate(() => window.client.logout({ local: true }));
    await shows("no user");
  });

  test("a local sign-out leaves the provider's session, and a reload does not sign in again", async () => {
    await beginSignedIn();
    await page.evaluate(() => window.client.logout({ local: true }));
    expect(await user()).toBe("no user");
    await page.goto(app.origin);
    await isDone();
    expect(await user()).toBe("no user");
    expect(provider.authorizations).toEqual([""]);
  });

  test.each(["pageshow", "visibilitychange", "focus"])(
    "a page in the back-forward cache while the user signed out shows that when it returns (%s)",
    async (event) => {
      await beginSignedIn({ refreshTokens: true });
      // The record that a tab writes at a sign-out. A page in the back-forward cache gets no message of it.
      await page.evaluate(async (name) => {
        const opening = indexedDB.open("latchkey");
        const database = await new Promise<IDBDatabase>((resolve) => {
          opening.onsuccess = () => resolve(opening.result);
        });
        const writing = database.transaction("sessions", "readwrite");
        writing.objectStore("sessions").put({ generation: Date.now() + 1e6, isSignedIn: false }, name);
        await new Promise((resolve) => {
          writing.oncomplete = resolve;
        });
        database.close();
      }, `latchkey spa ${provider.issuer}`);
      expect(await user()).toBe("alice");
      await page.evaluate((type) => {
        const target = type === "visibilitychange" ? document : window;
        target.dispatchEvent(new PageTransitionEvent(type, { persisted: true }));
      }, event);
      await shows("no user");
    },
  );

  /** Signs bob in at the provider, in the same browser, outside the app's client. */
  async function signInBob(): Promise<void> {
    await provider.forgetSessions();
    const bob = await context.newPage();
    const request = { client_id: "spa", response_type: "code", scope: "openid", state: "x", prompt: "login" };
    const pkce = { code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", code_challenge_method: "S256" };
    const query = new URLSearchParams({ ...request, ...pkce, redirect_uri: `${app.origin}/silent.html` });
    await bob.goto(`${provider.issuer}/auth?${query}`);
    await fillIn(bob, "bob");
    await bob.waitForURL(`${app.origin}/silent.html**`);
    await bob.close();
  }

  /** Removes the hint from requests, so that the provider acts as if it ignored hints. */
  const removeHints = () =>
    context.route(`${provider.issuer}/request`, async (route) => {
      const form = new URLSearchParams(route.request().postData() ?? "");
      expect(form.get("prompt")).toBe("none");
      expect(form.has("id_token_hint")).toBe(true);
      form.delete("id_token_hint");
      await route.continue({ postData: `${form}` });
    });

  test.each(["heeds", "ignores"])(
    "a renewal that would give another user's tokens is refused, if the provider %s id_token_hint",
    async (heeds) => {
      await begin();
      await signIn("alice");
      await signInBob();
      if (heeds === "ignores") await removeHints();
      expect(await token({ refresh: true })).toEqual({ token: "", code: "login_required" });
      // Alice's own token can still be used until it expires.
      expect((await token()).token).not.toBe("");
      expect(await user()).toBe("alice");
    },
  );

  test("a page that goes to the provider for a renewal does not return with another user", async () => {
    options["allowRedirect"] = true;
    await begin({ accessTokenLifetime: 2 }, "127.0.0.1");
    await signIn("alice");
    await signInBob();
    await removeHints();
    await page.waitForTimeout(2_100);
    await page.evaluate(() => void window.client.getAccessToken());
    await page.waitForURL(`${app.origin}/callback/?**`);
    await page.waitForURL(`${app.origin}/callback/`);
    await shows("no user");
  });
});
