import { describe, expect, test } from "vitest";
import type { Client } from "../../../adapters/browser/index.js";
import {
  app,
  begin,
  context,
  inBrowser,
  isDone,
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

  test("two clients with one id in one page, and tabs that are closed at any moment, keep the session", async () => {
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

  test("a token that lives for a second is renewed once for all callers at the same time", async () => {
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

  test("a sign-out while a reload asks the provider stays one, and the new refresh token is revoked", async () => {
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

  test("a sign-out is repeated if a turn of another tab passes it", async () => {
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

  test("a caller gets no token after a sign-out, even if the renewal failed and the old token is valid", async () => {
    await begin({ refreshTokens: true });
    await signIn();
    const other = await open();
    await setForward(other, 550);
    provider.delays.set("/token", 2_500);
    provider.broken.add("/token");
    const asked = () => provider.urls.filter((url) => url === "/token").length;
    const before = asked();
    const renewal = token({}, other);
    await expect.poll(asked).toBeGreaterThan(before);
    await signOutHere(page);
    expect(await renewal).toEqual({ token: "", code: "no_session" });
  });

  test("a hidden frame that does not come back delays no sign-out, and does not sign in again", async () => {
    await begin();
    await signIn();
    const other = await open();
    provider.delays.set("/auth", 3_000);
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

  test("a sign-out during a slow renewal revokes the grant, and the new tokens as well", async () => {
    await begin({ refreshTokens: true });
    await signIn();
    const other = await open();
    provider.delays.set("/token", 2_500);
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

  test("a sign-out counts although the clock of its tab is behind", async () => {
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

  test("two versions of the app with different scopes renew by refresh tokens, and end no session of the other", async () => {
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
