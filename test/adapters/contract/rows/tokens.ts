import { expect } from "vitest";
import type { TestBrowser } from "../../../support/app.js";
import { countTokenRequests, during, isSignedIn, type Row, sessionOf } from "../row.js";

/** The body of the app's response at `/token`: the access token or an error code. */
const requestToken = async (browser: TestBrowser, path = "/token"): Promise<{ token?: string; error?: string }> =>
  JSON.parse((await browser.fetch(path)).body);

const SHOWS = "https://shows.example";
const ORDERS = "https://orders.example";

/** The audience of an access token of the provider. */
const audienceOf = (token = ""): unknown =>
  JSON.parse(Buffer.from(`${token.split(".")[1]}`, "base64url").toString()).aud;

export const tokens: readonly Row[] = [
  {
    name: "`getAccessToken` returns the session's token, and refreshes it when it is due or when the app asks for it",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      const { token: first } = await requestToken(browser);
      expect(first).toMatch(/./);
      expect((await requestToken(browser)).token).toBe(first);
      const { token: forced } = await requestToken(browser, "/token?force");
      expect(forced).toMatch(/./);
      expect(forced).not.toBe(first);
      expect((await requestToken(browser)).token).toBe(forced);
      app.clock.advance(3550);
      await browser.navigate("/");
      const { token: renewed } = await requestToken(browser);
      expect(renewed).toMatch(/./);
      expect(renewed).not.toBe(forced);
    },
  },
  {
    name: "ten concurrent requests with a due token cause one refresh, and all get the same new token",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      const { token: old } = await requestToken(browser);
      app.clock.advance(3550);
      const results: Array<{ token?: string }> = [];
      const tokenRequests = await countTokenRequests(app, async () => {
        const release = app.holdProvider();
        const all = Promise.all(Array.from({ length: 10 }, () => requestToken(browser)));
        // After 200 ms most of the requests wait for the provider; a later one gets the result of the refresh.
        setTimeout(release, 200);
        results.push(...(await all));
      });
      expect(tokenRequests).toBe(1);
      const token = results[0]?.token;
      expect(token).toMatch(/./);
      expect(results).toEqual(Array(10).fill({ token }));
      expect(token).not.toBe(old);
      expect(await isSignedIn(browser)).toBe(true);
      expect((await requestToken(browser)).token).toBe(token);
    },
  },
  {
    name: "a token's lifetime counts from its refresh, also for a request that gets the token half a minute later",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      // The browser does not get the cookies of this response, so the next request refreshes with the same refresh token.
      const { token } = JSON.parse((await browser.fetch("/token?force", { hold: true })).body);
      app.clock.advance(25);
      expect((await requestToken(browser, "/token?force")).token).toBe(token);
      // The token is due one minute before it expires, an hour after the first request.
      app.clock.advance(3600 - 60 - 25 - 1);
      expect((await requestToken(browser)).token).toBe(token);
      app.clock.advance(2);
      await browser.navigate("/");
      expect((await requestToken(browser)).token).not.toBe(token);
    },
  },
  {
    name: "if the provider is down during a refresh, the session stays, and the old token is used until it expires",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      const { token } = await requestToken(browser);
      await during(app.provider.misbehave({ fault: "unreachable", endpoint: "token" }), async () => {
        app.clock.advance(3550);
        expect(await requestToken(browser)).toEqual({ token });
        app.clock.advance(100);
        expect(await requestToken(browser)).toEqual({ error: "provider_unreachable" });
        expect(await isSignedIn(browser)).toBe(true);
      });
      expect((await requestToken(browser)).token).toMatch(/./);
    },
  },
  {
    name: "a handler that throws after a refresh does not lose the session: a refresh works a minute or half an hour later",
    async run(app) {
      for (const seconds of [60, 1800]) {
        const browser = app.browser();
        await browser.signIn();
        expect((await browser.fetch("/token?force&throw")).status).toBe(500);
        app.clock.advance(seconds);
        const { token } = await requestToken(browser, "/token?force");
        expect([seconds, token]).toEqual([seconds, expect.stringMatching(/./)]);
        app.clock.advance(60);
        expect((await requestToken(browser, "/token?force")).token).toMatch(/./);
        expect(await isSignedIn(browser)).toBe(true);
      }
    },
  },
  {
    name: "a protocol upgrade request refreshes and writes nothing, and the session stays",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      const { token } = await requestToken(browser);
      app.clock.advance(400);
      const written = () => app.events.filter(({ type }) => type === "cookies_written").length;
      const before = written();
      const headers = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13" };
      const tokenRequests = await countTokenRequests(app, async () => {
        const { status, body, setCookies } = await browser.fetch("/token?force", { headers, timeout: 5_000 });
        expect([status, body, setCookies]).toEqual([401, '{"error":"refresh_required"}', []]);
        expect(JSON.parse((await browser.fetch("/token", { headers })).body)).toEqual({ token });
      });
      expect([tokenRequests, written()]).toEqual([0, before]);
      app.clock.advance(60);
      expect((await requestToken(browser, "/token?force")).token).toMatch(/./);
    },
  },
  {
    name: "a refresh token that the provider refuses ends the session when it comes again ten seconds later",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      await during(app.provider.misbehave({ fault: "invalid_grant", endpoint: "token" }), async () => {
        // Another machine may have spent the token a moment ago, and its response may be on the way.
        for (const seconds of [0, 9]) {
          app.clock.advance(seconds);
          const response = await browser.fetch("/token?force");
          expect([response.status, response.body]).toEqual([503, '{"error":"refresh_conflict"}']);
          expect(await isSignedIn(browser)).toBe(true);
        }
        app.clock.advance(2);
        const response = await browser.fetch("/token?force");
        expect([response.status, response.body]).toEqual([401, '{"error":"grant_ended"}']);
        expect(response.headers["cache-control"]).toBe("private, no-store");
      });
      expect(await isSignedIn(browser)).toBe(false);
    },
  },
  {
    name: "a refresh token that the provider refuses costs nothing when the browser gets newer tokens",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      const late = browser.jar.header(`${app.url}/`);
      expect((await browser.fetch("/token?force")).status).toBe(200);
      // So late that this process has forgotten the result as well.
      app.clock.advance(60);
      await during(app.provider.misbehave({ fault: "invalid_grant", endpoint: "token" }), async () => {
        const response = await browser.fetch("/token?force", { headers: { cookie: late } });
        expect([response.status, response.body]).toEqual([503, '{"error":"refresh_conflict"}']);
      });
      app.clock.advance(60);
      expect((await browser.fetch("/token?force")).status).toBe(200);
      expect(await isSignedIn(browser)).toBe(true);
    },
  },
  {
    name: "with `resourceIndicators` one sign-in and one refresh token serve several APIs, each with a token of its own",
    options: { resourceIndicators: true, audience: [SHOWS, ORDERS], scope: "openid offline_access" },
    async run(app) {
      const browser = app.browser();
      const login = await browser.navigate("/auth/login");
      const { searchParams } = new URL(String(login.headers.location));
      expect([searchParams.getAll("resource"), searchParams.has("audience")]).toEqual([[SHOWS, ORDERS], false]);
      await browser.signIn();
      const audiences: unknown[] = [];
      for (const path of ["/token", `/token?audience=${ORDERS}`, "/token?force"])
        audiences.push(audienceOf((await requestToken(browser, path)).token));
      expect(audiences).toEqual([SHOWS, ORDERS, SHOWS]);
      // The provider refuses a resource that the sign-in did not name.
      const other = await browser.fetch("/token?audience=https://other.example");
      expect([other.status, JSON.parse(other.body)]).toEqual([502, { error: "provider_invalid" }]);
      expect(await isSignedIn(browser)).toBe(true);
    },
  },
  {
    name: "a token for another API than the requested one is an error, and its rotated refresh token is not lost",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      const path = `/token?audience=${ORDERS}`;
      await during(app.provider.misbehave({ fault: "other_audience", endpoint: "token" }), async () => {
        const response = await browser.fetch(path);
        expect([response.status, JSON.parse(response.body)]).toEqual([502, { error: "provider_invalid" }]);
      });
      app.clock.advance(60);
      expect(audienceOf((await requestToken(browser, path)).token)).toBe(ORDERS);
      expect(await isSignedIn(browser)).toBe(true);
    },
  },
  {
    name: "`refreshUser` writes the claims that the provider gives now to the session, and its function shapes them",
    async run(app) {
      const browser = app.browser();
      const alice: Record<string, unknown> = { sub: "alice", name: "Alice", roles: ["staff"] };
      await browser.signIn(alice);
      await browser.fetch("/update?color=blue");
      alice["roles"] = ["staff", "billing"];
      const { user, data } = JSON.parse((await browser.fetch("/user/refresh")).body);
      expect([user, data]).toEqual([{ sub: "alice", name: "Alice", roles: ["staff", "billing"] }, { color: "blue" }]);
      expect((await sessionOf(browser)).user.roles).toEqual(["staff", "billing"]);
      const shaped = JSON.parse((await browser.fetch("/user/refresh?shape")).body);
      expect([shaped.user.shaped, shaped.data]).toEqual([true, { seen: 1 }]);
      expect((await sessionOf(browser)).data).toEqual({ seen: 1 });
    },
  },
  {
    name: "`refreshUser` does not take the claims of another user, and the session stays as it is",
    async run(app) {
      const browser = app.browser();
      await browser.signIn({ sub: "alice", name: "Alice" });
      await during(app.provider.misbehave("userinfo_of_another_subject"), async () => {
        const response = await browser.fetch("/user/refresh");
        expect([response.status, JSON.parse(response.body)]).toEqual([502, { error: "provider_invalid" }]);
      });
      expect((await sessionOf(browser)).user).toEqual({ sub: "alice", name: "Alice" });
      expect((await app.browser().fetch("/user/refresh")).status).toBe(401);
    },
  },
  {
    name: "`exchangeToken` gives a token of another service on behalf of the user, and the session keeps its own",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      const { token: own } = await requestToken(browser);
      const exchange = async (options: object) => {
        const response = await browser.fetch(`/exchange?${new URLSearchParams({ options: JSON.stringify(options) })}`);
        return { status: response.status, ...JSON.parse(response.body) };
      };
      const exchanged = await exchange({ audience: ORDERS, scope: "read:orders", requestedTokenType: "access_token" });
      expect(exchanged).toMatchObject({
        status: 200,
        issuedTokenType: "urn:ietf:params:oauth:token-type:access_token",
        expiresAt: app.clock.now() + 3_600_000,
        scope: "read:orders",
      });
      expect([audienceOf(exchanged.token), exchanged.token === own]).toEqual([ORDERS, false]);
      expect(await requestToken(browser)).toEqual({ token: own });
      await during(app.provider.misbehave("other_audience"), async () =>
        expect([await exchange({ audience: ORDERS }), await exchange({ audience: [ORDERS, SHOWS] })]).toEqual([
          { status: 502, error: "provider_invalid" },
          { status: 502, error: "provider_invalid" },
        ]),
      );
      expect((await exchange({ audience: ORDERS, requestedTokenType: "jwt" })).error).toBe("provider_invalid");
      expect((await exchange({ audiences: ORDERS })).error).toBe("invalid_config");
      expect((await exchange({ params: { subject_token: "x" } })).error).toBe("invalid_config");
    },
  },
  {
    name: "`fetch` calls an API with the access token, and retries once with a new one after a 401",
    async run(app) {
      const browser = app.browser();
      await browser.signIn({ sub: "alice" });
      const response = await browser.fetch("/api");
      expect(JSON.parse(response.body)).toMatchObject({ status: 200, said: { sub: "alice" } });
      app.provider.misbehave({ status: 401, endpoint: "userinfo" }, { times: 1 });
      const tokenRequests = await countTokenRequests(app, async () => {
        expect(JSON.parse((await browser.fetch("/api")).body)).toMatchObject({ status: 200, said: { sub: "alice" } });
      });
      expect(tokenRequests).toBe(1);
    },
  },
  {
    name: "`fetch` does not send the access token to an origin outside apiOrigins",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      for (const to of [
        "https://evil.example/",
        "https://op.example.evil.example/",
        "https://op.example@evil.example/",
      ]) {
        const response = await browser.fetch(`/api?to=${encodeURIComponent(to)}`);
        expect([to, response.body]).toEqual([to, '{"error":"origin_not_allowed"}']);
      }
    },
  },
  {
    name: "`getAccessToken` without a session is an error",
    async run(app) {
      const response = await app.browser().fetch("/token");
      expect([response.status, response.body]).toEqual([401, '{"error":"no_session"}']);
    },
  },
];
