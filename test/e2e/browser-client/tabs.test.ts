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
import { SHOWS } from "../../support/spa-provider.js";

inBrowser();

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

  test.each(["pageshow", "visibilitychange", "focus"])(
    "a page that was put away while others signed out finds that out when it is shown again (%s)",
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

describe("what goes wrong in one tab", () => {
  const forgetSite = (on: Page) =>
    on.evaluate(
      () =>
        new Promise((done) => {
          indexedDB.deleteDatabase("latchkey").onsuccess = done;
        }),
    );

  test("site data that is cleared lets no tab become somebody else, and no sign-out go unheard", async () => {
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

  test("a new tab beside one that is busy signs nobody out, where frames find nobody", async () => {
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

  test("nor where it is busy for longer than anybody waits: the new tab takes the session when it comes", async () => {
    await begin({ refreshTokens: true }, "127.0.0.1");
    await signIn();
    const stop = await keepBusy(page);
    const other = await open();
    expect(await user(other)).toBe("nobody");
    await stop();
    expect(await user()).toBe("alice");
    await shows("alice", other);
  });

  test("a tab that died while it renewed: whatever is asked for next, the spent refresh token is not used again", async () => {
    options["scope"] = "openid profile";
    await begin({ refreshTokens: true });
    await signIn();
    await dieRenewing(await open());
    expect((await token({ scope: "email" })).code).toBe("");
    expect((await token({ refresh: true })).code).toBe("");
    expect(provider.grants.filter((grant) => grant.startsWith("!"))).toEqual([]);
    expect(await user()).toBe("alice");
  });

  test("an IndexedDB that can no longer be written to: no refresh token is spent twice, a sign-out is heard", async () => {
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
  ])("an IndexedDB that %s in one tab stops no other tab, and is not taken for nobody", async (_what, script) => {
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

  test("a sign-out while a reload asks who is signed in: nobody comes back, and the refresh token that came is revoked", async () => {
    await begin({ refreshTokens: true });
    await signIn();
    const times = (path: string) => provider.urls.filter((url) => url === path).length;
    provider.delays.set("/token", 2_500);
    await page.goto(app.origin);
    await expect.poll(() => times("/token")).toBe(2);
    await signOutHere(page);
    await isDone();
    expect(await user()).toBe("nobody");
    await expect.poll(() => times("/token/revocation")).toBe(1);
  });

  test("a sign-out that a turn of another tab overtakes is made all the same", async () => {
    await begin({ refreshTokens: true });
    await signIn();
    // Between what is read and what is written, another tab writes.
    await page.evaluate((name) => {
      const { open: openOnce } = IDBFactory.prototype;
      let calls = 0;
      IDBFactory.prototype.open = function (...asked) {
        calls += 1;
        if (calls === 2) {
          const other = openOnce.apply(this, asked);
          other.onsuccess = () => {
            const writing = other.result.transaction("sessions", "readwrite");
            writing.objectStore("sessions").put({ generation: Date.now() + 1e6, isSignedIn: true }, name);
            other.result.close();
          };
        }
        return openOnce.apply(this, asked);
      };
    }, `latchkey spa ${provider.issuer}`);
    await signOutHere(page);
    expect(await user()).toBe("nobody");
    await page.goto(app.origin);
    await isDone();
    expect(await user()).toBe("nobody");
  });

  test("an IndexedDB that is silent for a moment costs nobody a refresh token, nor the other tabs their session", async () => {
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

  test("whoever signed out here is not signed in by a new tab whose IndexedDB says nothing", async () => {
    await begin();
    await signIn();
    await signOutHere(page);
    await context.addInitScript("IDBFactory.prototype.open = () => ({});");
    const other = await open();
    expect([await user(), await user(other)]).toEqual(["nobody", "nobody"]);
  });

  test("a tab that stands still in its turn stops the others for as long as a turn may take", async () => {
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

  test("a sign-in that failed in one tab: it hears of the others all the same", async () => {
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

  test("a fetch that never ends stops the other tabs for a while, and their sign-outs not even that long", async () => {
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

  test("nobody is given the token at hand after a sign-out, either", async () => {
    await begin({ refreshTokens: true });
    await signIn();
    const other = await open();
    await setForward(other, 550);
    provider.delays.set("/token", 3_500);
    provider.broken.add("/token");
    const asked = () => provider.urls.filter((url) => url === "/token").length;
    const before = asked();
    const renewal = token({}, other);
    await expect.poll(asked).toBeGreaterThan(before);
    await signOutHere(page);
    expect(await renewal).toEqual({ token: "", code: "no_session" });
  });

  test("a hidden frame that does not come back holds up no sign-out, and signs nobody in again", async () => {
    await begin();
    await signIn();
    const other = await open();
    provider.delays.set("/auth", 4_000);
    const renewal = token({ refresh: true }, other);
    await expect.poll(() => provider.urls.filter((url) => url.startsWith("/auth?")).length).toBe(2);
    expect(await signOutHere(page)).toBeLessThan(2_500);
    await shows("nobody", other);
    expect((await renewal).code).toBe("no_session");
    expect([await user(), await user(other)]).toEqual(["nobody", "nobody"]);
    await page.reload();
    await isDone();
    expect(await user()).toBe("nobody");
  });

  test("a sign-out beside a renewal that takes long revokes the grant, and what the renewal brings is for nobody", async () => {
    await begin({ refreshTokens: true });
    await signIn();
    const other = await open();
    provider.delays.set("/token", 4_000);
    const asked = () => provider.urls.filter((url) => url === "/token").length;
    const before = asked();
    const renewal = token({ refresh: true }, other);
    await expect.poll(asked).toBeGreaterThan(before);
    await signOutHere(page);
    expect((await renewal).code).toBe("no_session");
    // By the tab that signed out, with the token it knew, and by the one that got another.
    await expect.poll(() => provider.urls.filter((url) => url === "/token/revocation").length).toBe(2);
    expect([await user(), await user(other)]).toEqual(["nobody", "nobody"]);
  });

  test("a sign-out is one, too, where the clock was set back", async () => {
    await begin();
    await context.addInitScript(
      "const { now } = Date; if (location.search === '?ahead') Date.now = () => now() + 60_000;",
    );
    await signIn();
    const ahead = await open("/?ahead");
    provider.delays.set("/auth", 2_500);
    const renewal = token({ refresh: true }, ahead);
    await expect.poll(() => provider.urls.filter((url) => url.startsWith("/auth?")).length).toBe(2);
    await signOutHere(page);
    expect((await renewal).code).toBe("no_session");
    expect([await user(), await user(ahead)]).toEqual(["nobody", "nobody"]);
    provider.delays.clear();
    await signInByPopup(ahead);
    await shows("alice");
    await signOutHere(page);
    await shows("nobody", ahead);
  });

  test("two versions of the app, each with a scope of its own, renew by refresh tokens and end no session of each other's", async () => {
    await begin({ refreshTokens: true }, "127.0.0.1");
    await signIn();
    options["scope"] = "openid email";
    const newer = await open();
    expect([await user(), await user(newer)]).toEqual(["alice", "nobody"]);
    await signInByPopup(newer);
    expect(await user()).toBe("alice");
    const before = provider.grants.length;
    for (let round = 0; round < 2; round++) {
      for (const tab of [page, newer]) expect((await token({ refresh: true }, tab)).code).toBe("");
    }
    expect(provider.grants.slice(before)).toEqual(Array(4).fill("refresh_token"));
    // Somebody else in one of them is not alice in the other.
    await signInByPopup(newer, "bob", { prompt: "login" });
    await shows("nobody");
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
      const twin = window.latchkey.createClient(window.made);
      Object.assign(window, { twin });
    });
    const twice = () =>
      page.evaluate(() => {
        const { twin } = window as unknown as { twin: Client };
        const asked = [window.client, twin].map((client) => client.getAccessToken({ refresh: true }));
        return Promise.all(asked);
      });
    await twice();
    expect(provider.grants.filter((grant) => grant === "refresh_token").length).toBeGreaterThan(0);
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

  test("tokens that live for a second are renewed once for all who ask at once", async () => {
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
