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
  signOutLocally,
  token,
  user,
} from "../../support/spa.js";
import { beginSignedIn, beginWithTwoTabs, refusedGrants, requestCount, startRenewal } from "../../support/spa-tabs.js";

inBrowser();

describe("races", () => {
  test("a sign-out while another tab renews holds, in all tabs", async () => {
    const other = await beginWithTwoTabs({ refreshTokens: true });
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
      expect([await user(), await user(other)]).toEqual(["no user", "no user"]);
      expect([(await token()).code, (await token({}, other)).code]).toEqual(["no_session", "no_session"]);
    }
  });

  test("two clients with one id in one page, and tabs that are closed at any moment, keep the session", async () => {
    await beginSignedIn({ refreshTokens: true });
    await page.evaluate(() => {
      const twin = window.latchkey.createClient(window.clientOptions);
      Object.assign(window, { twin });
    });
    const renewInBoth = () =>
      page.evaluate(() => {
        const { twin } = window as unknown as { twin: Client };
        return Promise.all([window.client, twin].map((client) => client.getAccessToken({ refresh: true })));
      });
    await renewInBoth();
    expect(provider.grants.filter((grant) => grant === "refresh_token").length).toBeGreaterThan(0);
    provider.delays.set("/token", 40);
    for (let round = 0; round < 8; round++) {
      const closing = await open();
      const interrupted = token({ refresh: true }, closing).catch(() => {});
      const completed = token({ refresh: true });
      await page.waitForTimeout(round * 12);
      await closing.close();
      await interrupted;
      expect((await completed).code).toBe("");
    }
    expect(refusedGrants()).toEqual([]);
    expect(await user()).toBe("alice");
  });

  test("a token that is valid for a second is renewed once for all concurrent callers", async () => {
    await beginSignedIn({ accessTokenLifetime: 1, refreshTokens: true });
    await page.waitForTimeout(1_100);
    const before = provider.grants.length;
    const codes = await page.evaluate(() =>
      Promise.all(
        Array.from({ length: 5 }, () =>
          window.client.getAccessToken().then(
            () => "",
            (error) => error.code,
          ),
        ),
      ),
    );
    expect(new Set(codes)).toEqual(new Set([""]));
    await page.waitForTimeout(500);
    expect(provider.grants.length - before).toBeLessThanOrEqual(2);
  });

  test("a sign-out while a reloaded page waits for the provider holds, and the new refresh token is revoked", async () => {
    await beginSignedIn({ refreshTokens: true });

    provider.delays.set("/token", 2_500);
    await page.goto(app.origin);
    await expect.poll(() => requestCount("/token")).toBe(2);
    await signOutLocally(page);
    await isDone();
    expect(await user()).toBe("no user");
    await expect.poll(() => requestCount("/token/revocation")).toBe(1);
  });

  test("a sign-out is repeated if another tab writes the session at the same moment", async () => {
    await beginSignedIn({ refreshTokens: true });
    // Another tab writes between the sign-out's read and its write.
    await page.evaluate((name) => {
      const { open: openOnce } = IDBFactory.prototype;
      let calls = 0;
      IDBFactory.prototype.open = function (...request) {
        calls += 1;
        if (calls === 2) {
          const other = openOnce.apply(this, request);
          other.onsuccess = () => {
            const writing = other.result.transaction("sessions", "readwrite");
            writing.objectStore("sessions").put({ generation: Date.now() + 1e6, isSignedIn: true }, name);
            other.result.close();
          };
        }
        return openOnce.apply(this, request);
      };
    }, `latchkey spa ${provider.issuer}`);
    await signOutLocally(page);
    expect(await user()).toBe("no user");
    await page.goto(app.origin);
    await isDone();
    expect(await user()).toBe("no user");
  });

  test("a caller gets no token after a sign-out, even if the renewal is still under way and the old token is valid", async () => {
    const other = await beginWithTwoTabs({ refreshTokens: true });
    await setForward(other, 550);
    provider.delays.set("/token", 2_500);
    provider.broken.add("/token");
    // Its caller gets the old token after a second.
    await startRenewal(other, {});
    await signOutLocally(page);
    await shows("no user", other);
    expect(await token({}, other)).toEqual({ token: "", code: "no_session" });
  });

  test("a hidden frame that does not return does not delay a sign-out, and does not sign in again", async () => {
    const other = await beginWithTwoTabs();
    provider.delays.set("/auth", 3_000);
    const { outcome } = await startRenewal(other, { refresh: true }, "/auth");
    expect(await signOutLocally(page)).toBeLessThan(2_500);
    await shows("no user", other);
    expect((await outcome).code).toBe("no_session");
    expect([await user(), await user(other)]).toEqual(["no user", "no user"]);
    await page.reload();
    await isDone();
    expect(await user()).toBe("no user");
  });

  test("a sign-out during a slow renewal revokes the grant, and the new tokens as well", async () => {
    const other = await beginWithTwoTabs({ refreshTokens: true });
    provider.delays.set("/token", 2_500);
    const { outcome } = await startRenewal(other);
    await signOutLocally(page);
    expect((await outcome).code).toBe("no_session");
    // The tab that signed out revokes its token, and the renewing tab revokes the new one.
    await expect.poll(() => requestCount("/token/revocation")).toBe(2);
    expect([await user(), await user(other)]).toEqual(["no user", "no user"]);
  });

  test("a sign-out counts even if the clock of its tab is behind", async () => {
    await begin();
    await context.addInitScript(
      "const { now } = Date; if (location.search === '?ahead') Date.now = () => now() + 60_000;",
    );
    await signIn();
    const ahead = await open("/?ahead");
    provider.delays.set("/auth", 2_500);
    const { outcome } = await startRenewal(ahead, { refresh: true }, "/auth");
    await signOutLocally(page);
    expect((await outcome).code).toBe("no_session");
    expect([await user(), await user(ahead)]).toEqual(["no user", "no user"]);
    provider.delays.clear();
    await signInByPopup(ahead);
    await shows("alice");
    await signOutLocally(page);
    await shows("no user", ahead);
  });

  test("two versions of the app with different scopes renew by refresh tokens, and do not end each other's session", async () => {
    await beginSignedIn({ refreshTokens: true }, "127.0.0.1");
    options["scope"] = "openid email";
    const newer = await open();
    expect([await user(), await user(newer)]).toEqual(["alice", "no user"]);
    await signInByPopup(newer);
    expect(await user()).toBe("alice");
    const before = provider.grants.length;
    for (let round = 0; round < 2; round++) {
      for (const tab of [page, newer]) expect((await token({ refresh: true }, tab)).code).toBe("");
    }
    expect(provider.grants.slice(before)).toEqual(Array(4).fill("refresh_token"));
    // When bob signs in to one version, the other is signed out: it does not go on with alice.
    await signInByPopup(newer, "bob", { prompt: "login" });
    await shows("no user");
  });
});
