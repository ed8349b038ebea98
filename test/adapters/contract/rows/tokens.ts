import { expect } from "vitest";
import type { TestBrowser } from "../../../support/app.js";
import { countTokenRequests, during, isSignedIn, type Row } from "../row.js";

/** What `/token` answers. */
const ask = async (browser: TestBrowser, path = "/token"): Promise<{ token?: string; error?: string }> =>
  JSON.parse((await browser.fetch(path)).body);

export const tokens: readonly Row[] = [
  {
    name: "the access token is the one of the session, refreshed when it is due and when asked",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      const { token: first } = await ask(browser);
      expect(first).toMatch(/./);
      expect((await ask(browser)).token).toBe(first);
      const { token: forced } = await ask(browser, "/token?force");
      expect(forced).toMatch(/./);
      expect(forced).not.toBe(first);
      expect((await ask(browser)).token).toBe(forced);
      app.clock.advance(3550);
      await browser.navigate("/");
      const { token: renewed } = await ask(browser);
      expect(renewed).toMatch(/./);
      expect(renewed).not.toBe(forced);
    },
  },
  {
    name: "ten requests at once with a due token: one is spent at the provider, and all get the same new one",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      const { token: old } = await ask(browser);
      app.clock.advance(3550);
      const given: unknown[] = [];
      const asked = await countTokenRequests(app, async () => {
        const release = app.holdProvider();
        const all = Promise.all(Array.from({ length: 10 }, () => ask(browser)));
        // Long enough for all of them to wait for the provider; where they do not yet, its result is replayed.
        setTimeout(release, 200);
        given.push(...(await all));
      });
      expect(asked).toBe(1);
      const [{ token }] = given as [{ token: string }];
      expect(given).toEqual(Array(10).fill({ token: expect.stringMatching(/./) }));
      expect(given).toEqual(Array(10).fill({ token }));
      expect(token).not.toBe(old);
      expect(await isSignedIn(browser)).toBe(true);
      expect((await ask(browser)).token).toBe(token);
    },
  },
  {
    name: "the life of a token begins when it was asked for, also for who is given it half a minute later",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      const lost = JSON.parse((await browser.fetch("/token?force", { hold: true })).body).token;
      app.clock.advance(25);
      expect((await ask(browser, "/token?force")).token).toBe(lost);
      // Due a minute before its end, an hour after the first of the two.
      app.clock.advance(3600 - 60 - 25 - 1);
      expect((await ask(browser)).token).toBe(lost);
      app.clock.advance(2);
      await browser.navigate("/");
      expect((await ask(browser)).token).not.toBe(lost);
    },
  },
  {
    name: "a refresh that the provider cannot answer costs nobody their session",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      const { token } = await ask(browser);
      await during(app.provider.misbehave({ fault: "unreachable", endpoint: "token" }), async () => {
        app.clock.advance(3550);
        expect(await ask(browser)).toEqual({ token });
        app.clock.advance(100);
        expect(await ask(browser)).toEqual({ error: "provider_unreachable" });
        expect(await isSignedIn(browser)).toBe(true);
      });
      expect((await ask(browser)).token).toMatch(/./);
    },
  },
  {
    name: "a handler that throws after a refresh costs no session: the next refresh works, a minute and half an hour later",
    async run(app) {
      for (const seconds of [60, 1800]) {
        const browser = app.browser();
        await browser.signIn();
        expect((await browser.fetch("/token?force&throw")).status).toBe(500);
        app.clock.advance(seconds);
        const { token } = await ask(browser, "/token?force");
        expect([seconds, token]).toEqual([seconds, expect.stringMatching(/./)]);
        app.clock.advance(60);
        expect((await ask(browser, "/token?force")).token).toMatch(/./);
        expect(await isSignedIn(browser)).toBe(true);
      }
    },
  },
  {
    name: "a request to change the protocol refreshes and writes nothing, and its session goes on",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      const { token } = await ask(browser);
      app.clock.advance(400);
      const written = () => app.events.filter(({ type }) => type === "cookies_written").length;
      const before = written();
      const headers = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13" };
      const asked = await countTokenRequests(app, async () => {
        const { status, body, setCookies } = await browser.fetch("/token?force", { headers, timeout: 5_000 });
        expect([status, body, setCookies]).toEqual([401, '{"error":"refresh_required"}', []]);
        expect(JSON.parse((await browser.fetch("/token", { headers })).body)).toEqual({ token });
      });
      expect([asked, written()]).toEqual([0, before]);
      app.clock.advance(60);
      expect((await ask(browser, "/token?force")).token).toMatch(/./);
    },
  },
  {
    name: "a refresh token that the provider no longer takes ends the session",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      await during(app.provider.misbehave({ fault: "invalid_grant", endpoint: "token" }), async () => {
        const answer = await browser.fetch("/token?force");
        expect([answer.status, answer.body]).toEqual([401, '{"error":"grant_ended"}']);
        expect(answer.headers["cache-control"]).toBe("private, no-store");
      });
      expect(await isSignedIn(browser)).toBe(false);
    },
  },
  {
    name: "an API is called with the access token, and once more with a new one where it says 401",
    async run(app) {
      const browser = app.browser();
      await browser.signIn({ sub: "alice" });
      const answer = await browser.fetch("/api");
      expect(JSON.parse(answer.body)).toMatchObject({ status: 200, said: { sub: "alice" } });
      app.provider.misbehave({ status: 401, endpoint: "userinfo" }, { times: 1 });
      const asked = await countTokenRequests(app, async () => {
        expect(JSON.parse((await browser.fetch("/api")).body)).toMatchObject({ status: 200, said: { sub: "alice" } });
      });
      expect(asked).toBe(1);
    },
  },
  {
    name: "the access token goes to no origin that is not allowed",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      for (const to of [
        "https://evil.example/",
        "https://op.example.evil.example/",
        "https://op.example@evil.example/",
      ]) {
        const answer = await browser.fetch(`/api?to=${encodeURIComponent(to)}`);
        expect([to, answer.body]).toEqual([to, '{"error":"origin_not_allowed"}']);
      }
    },
  },
  {
    name: "nobody has a token",
    async run(app) {
      const answer = await app.browser().fetch("/token");
      expect([answer.status, answer.body]).toEqual([401, '{"error":"no_session"}']);
    },
  },
];
