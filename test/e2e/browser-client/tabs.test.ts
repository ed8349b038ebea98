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

inBrowser();

describe("several tabs", () => {
  test("a sign-in and a sign-out count in every tab, and a sign-out revokes the refresh token", async () => {
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

  test("a tab with another scope and audience keeps its own tokens, and is signed out with the others", async () => {
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

  test("a local sign-out leaves the provider's session, and a reload does not sign in again", async () => {
    await begin();
    await signIn();
    await page.evaluate(() => window.client.logout({ local: true }));
    expect(await user()).toBe("nobody");
    await page.goto(app.origin);
    await isDone();
    expect(await user()).toBe("nobody");
    expect(provider.authorizations).toEqual([""]);
  });

  test.each(["pageshow", "visibilitychange", "focus"])(
    "a page in the back-forward cache while the user signed out shows that when it returns (%s)",
    async (event) => {
      await begin({ refreshTokens: true });
      await signIn();
      // What a tab leaves behind that signed out meanwhile, and whose message this page missed.
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
      await shows("nobody");
    },
  );

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
    "a renewal that would come back as another user is refused, if the provider %s id_token_hint",
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

  test("a page that left for a renewal does not come back as another user", async () => {
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
