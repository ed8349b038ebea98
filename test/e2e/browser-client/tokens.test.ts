import { describe, expect, test } from "vitest";
import {
  address,
  app,
  begin,
  context,
  inBrowser,
  isDone,
  open,
  options,
  page,
  provider,
  readableContent,
  setForward,
  signIn,
  token,
  user,
} from "../../support/spa.js";
import { PAY, SHOWS } from "../../support/spa-provider.js";
import { beginSignedIn, closeWhileRenewing, refusedGrants } from "../../support/spa-tabs.js";

inBrowser();

describe("tokens", () => {
  test.each(["a refresh token", "a frame"])(
    "ten callers in each of three tabs share one renewal, by %s",
    async (by) => {
      const byRefresh = by === "a refresh token";
      await beginSignedIn({ refreshTokens: byRefresh });
      const pages = [page, await open(), await open()];
      for (const tab of pages) expect(await user(tab)).toBe("alice");
      const first = (await token()).token;
      for (const tab of pages) await setForward(tab, 550);
      const before = provider.grants.length;
      const results = await Promise.all(
        pages.map((tab) =>
          tab.evaluate(() => Promise.all(Array.from({ length: 10 }, () => window.client.getAccessToken()))),
        ),
      );
      const tokens = new Set(results.flat());
      expect(tokens.size).toBe(1);
      expect(tokens).not.toContain(first);
      expect(provider.grants.slice(before)).toEqual([byRefresh ? "refresh_token" : "authorization_code"]);
    },
  );

  test("renewals in three tabs use no refresh token twice", async () => {
    await beginSignedIn({ refreshTokens: true });
    const pages = [page, await open(), await open()];
    for (let round = 0; round < 15; round++) {
      await Promise.all(pages.map((tab) => token({ refresh: true }, tab)));
    }
    expect(refusedGrants()).toEqual([]);
    expect(provider.grants.filter((grant) => grant === "refresh_token").length).toBeGreaterThanOrEqual(15);
    expect(await Promise.all(pages.map((tab) => user(tab)))).toEqual(["alice", "alice", "alice"]);
  });

  test("if a tab is closed while it renews, no other tab uses its refresh token", async () => {
    await beginSignedIn({ refreshTokens: true });
    await closeWhileRenewing(await open());
    expect((await token({ refresh: true })).token).not.toBe("");
    expect(refusedGrants()).toEqual([]);
    expect(provider.authorizations.at(-1)).toBe("none");
  });

  test("an access token is renewed before it expires, and is not returned after that", async () => {
    await beginSignedIn({ accessTokenLifetime: 3 });
    const claimsOf = (text: string) =>
      JSON.parse(Buffer.from(text.split(".")[1] ?? "", "base64url").toString()) as { exp: number };
    options["audience"] = SHOWS;
    options["resourceIndicators"] = true;
    options["scope"] = "openid read:shows";
    await page.goto(app.origin);
    await isDone();
    const seen = new Set<string>();
    for (let at = 0; at < 20; at++) {
      const [text, returnedAt] = await page.evaluate(
        async () => [await window.client.getAccessToken(), Date.now()] as const,
      );
      // The provider rounds down to whole seconds, so `exp` can be up to a second before the end of `expires_in`.
      expect((claimsOf(text).exp + 1) * 1000).toBeGreaterThan(returnedAt);
      seen.add(text);
      await page.waitForTimeout(300);
    }
    expect(seen.size).toBeGreaterThanOrEqual(2);
  });

  test("while the provider is down the session stays: the token serves until it expires, then an error says why", async () => {
    await beginSignedIn({ refreshTokens: true });
    const { token: first } = await token();
    await setForward(page, 550);
    provider.broken.add("/token");
    expect(await token()).toEqual({ token: first, code: "" });
    await setForward(page, 601);
    expect(await token()).toEqual({ token: "", code: "provider_unreachable" });
    expect(await page.evaluate(() => window.client.peekAccessToken())).toBeUndefined();
    expect(await user()).toBe("alice");
    provider.broken.clear();
    expect((await token()).token).not.toBe("");
    // The refresh token may be used up: a 503 says nothing about what happened behind it.
    expect(provider.grants).toEqual(["authorization_code", "authorization_code"]);
  });

  test("a provider that does not respond delays only the first of several calls while the token is valid", async () => {
    options["httpTimeout"] = 1;
    await beginSignedIn({ refreshTokens: true });
    const { token: first } = await token();
    await setForward(page, 550);
    provider.delays.set("/token", 3_000);
    expect((await token()).token).toBe(first);
    const from = Date.now();
    expect((await token()).token).toBe(first);
    expect(Date.now() - from).toBeLessThan(500);
  });

  test.each(["/token", "/auth"])(
    "no token is returned after it has expired, even if %s takes long to fail",
    async (path) => {
      options["httpTimeout"] = 1;
      await beginSignedIn({ refreshTokens: path === "/token" });
      provider.delays.set(path, 6_000);
      await setForward(page, 599.5);
      expect(await token()).toEqual({ token: "", code: "provider_unreachable" });
      expect(await user()).toBe("alice");
    },
  );

  test("a refresh token whose response was lost is not sent again while the provider has a session", async () => {
    options["httpTimeout"] = 1;
    await beginSignedIn({ refreshTokens: true });
    provider.delays.set("/token", 1_500);
    expect((await token({ refresh: true })).code).toBe("provider_unreachable");
    // The provider had granted the refresh.
    await expect.poll(() => provider.grants).toEqual(["authorization_code", "refresh_token"]);
    provider.delays.clear();
    expect((await token({ refresh: true })).code).toBe("");
    expect(provider.grants).toEqual(["authorization_code", "refresh_token", "authorization_code"]);
    // Later renewals use the new refresh token.
    expect((await token({ refresh: true })).code).toBe("");
    expect(provider.grants.at(-1)).toBe("refresh_token");
  });

  test("tokens for two audiences, each with its own scope", async () => {
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
    // A refresh for an audience that the sign-in did not name would spend the refresh token in vain.
    expect((await token({ audience: "http://api.test/other" })).code).toBe("invalid_config");
    expect(provider.grants).toHaveLength(2);
  });

  test("at a provider without resource indicators, a frame gets the token for a second audience, and no refresh token is used", async () => {
    await begin({ refreshTokens: true });
    Object.assign(options, { audience: SHOWS, scope: "openid email read:shows" });
    await page.reload();
    await isDone();
    await signIn();
    const claims = async (request = {}) =>
      JSON.parse(Buffer.from((await token(request)).token.split(".")[1] ?? "", "base64url").toString());
    expect(await claims()).toMatchObject({ aud: SHOWS, scope: "read:shows" });
    expect(await claims({ audience: PAY, scope: "pay" })).toMatchObject({ aud: PAY, scope: "pay" });
    expect(await claims({ audience: PAY, scope: "pay" })).toMatchObject({ aud: PAY });
    expect(provider.grants).toEqual(["authorization_code", "authorization_code"]);
    expect(provider.authorizations).toEqual(["", "none"]);
    expect(await claims({ refresh: true })).toMatchObject({ aud: SHOWS, scope: "read:shows" });
    expect(provider.grants.at(-1)).toBe("refresh_token");
    expect(await claims({ audience: PAY, scope: "pay" })).toMatchObject({ aud: PAY });
    expect(provider.grants).toHaveLength(3);
  });

  test("the scope of a sign-in stays the same in renewals, without scopes that the provider did not grant", async () => {
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

  test("with the option userinfo, the user has the claims of the userinfo endpoint", async () => {
    options["userinfo"] = true;
    await beginSignedIn();
    expect(await page.evaluate(() => window.client.getUser())).toMatchObject({ sub: "alice", name: "alice" });
    expect(provider.urls).toContain("/me");
  });

  test("tokens are in no storage, cookie, URL, event or console line", async () => {
    await begin({ refreshTokens: true });
    const printed: string[] = [];
    page.on("console", (message) => printed.push(message.text()));
    await signIn();
    await token({ refresh: true });
    const everything =
      (await readableContent(page)) +
      JSON.stringify(await context.storageState()) +
      printed.join() +
      provider.urls.join() +
      (await address());
    const secrets = provider.issued.flatMap(({ access_token, refresh_token, id_token }) => [
      access_token,
      refresh_token,
      id_token,
    ]);
    expect(secrets).toHaveLength(6);
    for (const secret of secrets) expect(everything).not.toContain(secret);
  });
});
