import { expect } from "vitest";
import { begin, during, expectErrorPage, isSignedIn, type Row } from "../row.js";

export const errors: readonly Row[] = [
  {
    name: "the user or the provider refuses",
    async run(app) {
      const browser = app.browser();
      const { href } = await begin(app, browser, { deny: true });
      const answer = await browser.navigate(
        `${href}&error_description=${encodeURIComponent("<script>alert(1)</script>")}`,
      );
      expectErrorPage(answer, 403, "access_denied");
      expect(answer.body).not.toContain("alert(1)");
      expect(browser.jar.names()).toEqual([]);
    },
  },
  {
    name: "a callback with another state is refused, and the sign-in in progress survives it",
    async run(app) {
      const browser = app.browser();
      const { href } = await begin(app, browser);
      const stray = new URL(href);
      stray.searchParams.set("state", "x".repeat(43));
      expectErrorPage(await browser.navigate(stray.href), 400, "no_transaction");
      expect(await isSignedIn(browser)).toBe(false);
      await browser.navigate(href);
      expect(await isSignedIn(browser)).toBe(true);
    },
  },
  {
    name: "a callback of a sign-in that was started elsewhere is refused",
    async run(app) {
      const { href } = await begin(app, app.browser());
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
      const { href } = await begin(app, browser);
      const cookie = browser.jar.header(`${app.url}/`);
      app.clock.advance(901);
      const answer = await browser.navigate(href, { headers: { cookie } });
      expectErrorPage(answer, 400, "transaction_expired");
      expect(await isSignedIn(browser)).toBe(false);
    },
  },
  {
    name: "a callback that names another issuer is refused",
    async run(app) {
      const browser = app.browser();
      const url = await begin(app, browser);
      url.searchParams.set("iss", "https://evil.example");
      expectErrorPage(await browser.navigate(url.href), 400, "issuer_mismatch");
      expect(await isSignedIn(browser)).toBe(false);
    },
  },
  {
    name: "a provider that is down when a sign-in begins: a page says so, and the next try works",
    async run(app) {
      const browser = app.browser();
      // What is known of the provider is asked for again after ten minutes.
      app.clock.advance(601);
      await during(app.provider.misbehave({ fault: "unreachable", endpoint: "discovery" }), async () => {
        const answer = await browser.navigate("/auth/login");
        expectErrorPage(answer, 503, "provider_unreachable");
        expect(answer.setCookies).toEqual([]);
      });
      await browser.signIn();
      expect(await isSignedIn(browser)).toBe(true);
    },
  },
  ...(
    [
      ["cannot be reached", "unreachable", 503, "provider_unreachable"],
      ["no longer takes the code", "invalid_grant", 400, "code_rejected"],
      ["signs with the wrong key", "invalid_signature", 502, "id_token_invalid"],
      ["answers another sign-in", "invalid_nonce", 400, "nonce_mismatch"],
    ] as const
  ).map(
    ([what, fault, status, code]): Row => ({
      name: `a provider that ${what} when a sign-in ends: a page says so, and the next try works`,
      async run(app) {
        const browser = app.browser();
        const { href } = await begin(app, browser);
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
    name: "a user with more claims than cookies can hold is told so, and is not signed in by halves",
    async run(app) {
      const browser = app.browser();
      const { href } = await begin(app, browser, { user: { sub: "alice", bulk: "x".repeat(9000) } });
      expectErrorPage(await browser.navigate(href), 500, "session_too_large");
      expect(browser.jar.names()).toEqual([]);
    },
  },
  {
    name: "a posted callback keeps one value of each parameter, and is refused where one was repeated",
    async run(app) {
      const browser = app.browser();
      const { href, searchParams } = await begin(app, browser);
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
    name: "a posted callback of as many characters as fit into a URL is passed on whole; one more is an error that says so",
    async run(app) {
      const headers = { "content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "cross-site" };
      const post = (body: string) => app.browser().navigate("/auth/callback", { method: "POST", headers, body });
      const code = "c".repeat(8000 - "state=s&code=".length);
      const { status, headers: answered } = await post(`state=s&code=${code}`);
      expect([status, answered.location]).toEqual([303, `${app.url}/auth/callback?state=s&code=${code}`]);
      expectErrorPage(await post(`state=s&code=${code}c`), 400, "invalid_response");
    },
  },
  {
    name: "a posted callback whose client goes away in the middle is empty, and the sign-in in progress survives it",
    async run(app) {
      const browser = app.browser();
      const { href } = await begin(app, browser);
      const headers = { "content-type": "application/x-www-form-urlencoded", "content-length": "1000" };
      // Long enough for the head to arrive.
      const arrived = new Promise((resolve) => setTimeout(resolve, 200));
      await browser.abandon("/auth/callback", arrived, { method: "POST", headers, body: "state=x", unfinished: true });
      await browser.navigate(href);
      expect(await isSignedIn(browser)).toBe(true);
    },
  },
  {
    name: "a posted callback that is far too long counts as empty, and the sign-in in progress survives it",
    async run(app) {
      const browser = app.browser();
      const { href, searchParams } = await begin(app, browser);
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
