import { expect } from "vitest";
import { during, expectErrorPage, isSignedIn, type Row, signInUntilCallback } from "../row.js";

export const errors: readonly Row[] = [
  {
    name: "a refused sign-in shows an error page",
    async run(app) {
      const browser = app.browser();
      const { href } = await signInUntilCallback(app, browser, { deny: true });
      const response = await browser.navigate(
        `${href}&error_description=${encodeURIComponent("<script>alert(1)</script>")}`,
      );
      expectErrorPage(response, 403, "access_denied");
      expect(response.body).not.toContain("<script");
      expect(browser.jar.names()).toEqual([]);
    },
  },
  ...["access_denied", "user_cancelled_login", "user_cancelled_authorize"].map(
    (error): Row => ({
      name: `a user who cancelled (\`${error}\`) is told so, and can try again or go back to the site`,
      async run(app) {
        const browser = app.browser();
        const login = "/auth/login?returnTo=%2Finvoices%3Fpage%3D2";
        const { href } = await signInUntilCallback(app, browser, { login, error });
        const { status, body } = await browser.navigate(href);
        expect(status).toBe(403);
        expect(body).toContain("You cancelled");
        expect(body).toContain(`href="${app.url}${login}"`);
        expect(body).toContain(`href="${app.url}/"`);
      },
    }),
  ),
  {
    name: "a callback with an unknown state is refused, and the sign-in in progress can still finish",
    async run(app) {
      const browser = app.browser();
      const { href } = await signInUntilCallback(app, browser);
      const unknown = new URL(href);
      unknown.searchParams.set("state", "x".repeat(43));
      expectErrorPage(await browser.navigate(unknown.href), 400, "no_transaction");
      expect(await isSignedIn(browser)).toBe(false);
      await browser.navigate(href);
      expect(await isSignedIn(browser)).toBe(true);
    },
  },
  {
    name: "a callback of a sign-in that began in another browser is refused",
    async run(app) {
      const { href } = await signInUntilCallback(app, app.browser());
      const browser = app.browser();
      expectErrorPage(await browser.navigate(href), 400, "no_transaction");
      expectErrorPage(await browser.navigate("/auth/callback"), 400, "no_transaction");
      expect(await isSignedIn(browser)).toBe(false);
    },
  },
  {
    name: "a sign-in that takes longer than fifteen minutes is refused",
    async run(app) {
      const browser = app.browser();
      const { href } = await signInUntilCallback(app, browser);
      const cookie = browser.jar.header(`${app.url}/`);
      app.clock.advance(901);
      const response = await browser.navigate(href, { headers: { cookie } });
      expectErrorPage(response, 400, "transaction_expired");
      expect(await isSignedIn(browser)).toBe(false);
    },
  },
  {
    name: "a callback that names another issuer is refused",
    async run(app) {
      const browser = app.browser();
      const url = await signInUntilCallback(app, browser);
      url.searchParams.set("iss", "https://evil.example");
      expectErrorPage(await browser.navigate(url.href), 400, "issuer_mismatch");
      expect(await isSignedIn(browser)).toBe(false);
    },
  },
  {
    name: "if the provider is down when a sign-in begins, an error page is shown, and the next sign-in works",
    async run(app) {
      const browser = app.browser();
      // The discovery document and the key set are fetched again after ten minutes.
      app.clock.advance(601);
      await during(app.provider.misbehave({ fault: "unreachable", endpoint: "discovery" }), async () => {
        const response = await browser.navigate("/auth/login");
        expectErrorPage(response, 503, "provider_unreachable");
        expect(response.setCookies).toEqual([]);
      });
      await browser.signIn();
      expect(await isSignedIn(browser)).toBe(true);
    },
  },
  ...(
    [
      ["cannot be reached", "unreachable", 503, "provider_unreachable"],
      ["refuses the code", "invalid_grant", 400, "code_rejected"],
      ["signs with the wrong key", "invalid_signature", 502, "id_token_invalid"],
      ["sends the nonce of another sign-in", "invalid_nonce", 400, "nonce_mismatch"],
    ] as const
  ).map(
    ([what, fault, status, code]): Row => ({
      name: `if the provider ${what} at the callback, an error page is shown, and the next sign-in works`,
      async run(app) {
        const browser = app.browser();
        const { href } = await signInUntilCallback(app, browser);
        await during(app.provider.misbehave({ fault, endpoint: "token" }), async () => {
          expectErrorPage(await browser.navigate(href), status, code);
          expect(browser.jar.names()).toEqual([]);
        });
        await browser.signIn();
        expect(await isSignedIn(browser)).toBe(true);
      },
    }),
  ),
  {
    name: "a user whose claims do not fit into cookies sees an error page, and no cookie is left",
    async run(app) {
      const browser = app.browser();
      const { href } = await signInUntilCallback(app, browser, { user: { sub: "alice", bulk: "x".repeat(9000) } });
      expectErrorPage(await browser.navigate(href), 500, "session_too_large");
      expect(browser.jar.names()).toEqual([]);
    },
  },
  {
    name: "a posted callback with a repeated parameter is refused, and its redirect does not repeat it",
    async run(app) {
      const browser = app.browser();
      const { href, searchParams } = await signInUntilCallback(app, browser);
      const headers = { "content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "cross-site" };
      const repeated = `${searchParams}${"&code=x".repeat(8000)}`;
      const posted = await browser.navigate("/auth/callback", { method: "POST", headers, body: repeated });
      const location = new URL(String(posted.headers.location));
      expect([posted.status, location.searchParams.getAll("code").length]).toEqual([303, 2]);
      expect(location.href.length).toBeLessThan(href.length + 10);
      expectErrorPage(await browser.navigate(location.href), 400, "invalid_response");
    },
  },
  {
    name: "a posted callback of up to 8000 characters is passed on whole; a longer one is refused",
    async run(app) {
      const headers = { "content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "cross-site" };
      const post = (body: string) => app.browser().navigate("/auth/callback", { method: "POST", headers, body });
      const code = "c".repeat(8000 - "state=s&code=".length);
      const accepted = await post(`state=s&code=${code}`);
      expect([accepted.status, accepted.headers.location]).toEqual([
        303,
        `${app.url}/auth/callback?state=s&code=${code}`,
      ]);
      expectErrorPage(await post(`state=s&code=${code}c`), 400, "invalid_response");
    },
  },
  {
    name: "a posted callback whose connection breaks is ignored, and the sign-in in progress can still finish",
    async run(app) {
      const browser = app.browser();
      const { href } = await signInUntilCallback(app, browser);
      const headers = { "content-type": "application/x-www-form-urlencoded", "content-length": "1000" };
      // Wait until the request's headers have arrived.
      const arrived = new Promise((resolve) => setTimeout(resolve, 200));
      await browser.abandon("/auth/callback", arrived, { method: "POST", headers, body: "state=x", unfinished: true });
      await browser.navigate(href);
      expect(await isSignedIn(browser)).toBe(true);
    },
  },
  {
    name: "a posted callback that is far too long is ignored, and the sign-in in progress can still finish",
    async run(app) {
      const browser = app.browser();
      const { href, searchParams } = await signInUntilCallback(app, browser);
      const headers = { "content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "cross-site" };
      const body = `${searchParams}&padding=${"x".repeat(100_000)}`;
      const posted = await browser.navigate("/auth/callback", { method: "POST", headers, body });
      expect([posted.status, posted.headers.location]).toEqual([303, `${app.url}/auth/callback?`]);
      expectErrorPage(await browser.navigate(String(posted.headers.location)), 400, "no_transaction");
      await browser.navigate(href);
      expect(await isSignedIn(browser)).toBe(true);
    },
  },
];
