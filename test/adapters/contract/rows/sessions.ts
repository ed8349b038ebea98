import { expect } from "vitest";
import { isSignedIn, nameOf, type Row, seen, sessionOf } from "../row.js";

export const rolling: readonly Row[] = [
  {
    name: "reading a session within rollAfter writes nothing",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      app.clock.advance(359);
      const response = await browser.navigate("/");
      expect(response.setCookies).toEqual([]);
      expect(response.headers["cache-control"]).toBe("private");
      expect(response.headers.vary).toMatch(/\bCookie\b/);
    },
  },
  {
    name: "after rollAfter one small cookie is written, and the session continues",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      app.clock.advance(3000);
      const response = await browser.navigate("/untouched");
      expect(response.setCookies.map(nameOf)).toEqual([seen]);
      expect(response.setCookies[0]?.length).toBeLessThan(330);
      app.clock.advance(3000);
      expect((await browser.fetch("/private")).status).toBe(200);
    },
  },
  {
    name: "a prefetch does not count as activity",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      app.clock.advance(3000);
      const response = await browser.navigate("/", { headers: { "sec-purpose": "prefetch" } });
      expect([response.status, response.setCookies]).toEqual([200, []]);
    },
  },
  {
    name: "a session ends after inactivityDuration, and the app gets the reason",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      const cookie = browser.jar.header(`${app.url}/`);
      app.clock.advance(3600);
      const response = await app.browser().navigate("/", { headers: { cookie } });
      expect(JSON.parse(response.body)).toEqual({ session: null, reason: "inactive" });
    },
  },
  {
    name: "activity does not extend the absolute limit",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      const { endsAt } = await sessionOf(browser);
      let cookie = "";
      for (let hours = 0; hours < 4; hours += 0.75) {
        expect([hours, await isSignedIn(browser)]).toEqual([hours, true]);
        cookie = browser.jar.header(`${app.url}/`);
        app.clock.advance(2700);
      }
      expect(endsAt).toBeLessThanOrEqual(app.clock.now());
      expect(await isSignedIn(browser)).toBe(false);
      // A client that ignores Max-Age still sends the cookies: the server must enforce the limit itself.
      const response = await app.browser().navigate("/", { headers: { cookie } });
      expect(JSON.parse(response.body)).toEqual({ session: null, reason: "expired" });
    },
  },
];

export const data: readonly Row[] = [
  {
    name: "`update` merges the app's data into the session, and the same request sees it",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      expect((await browser.fetch("/update?color=blue")).body).toBe('{"data":{"color":"blue"}}');
      expect((await browser.fetch("/update?size=m")).body).toBe('{"data":{"color":"blue","size":"m"}}');
      await browser.signIn({ sub: "alice", name: "Alice" });
      expect((await sessionOf(browser)).data).toEqual({ color: "blue", size: "m" });
    },
  },
  {
    name: "when another user signs in, the first user's data and cookies are gone, and the session id changes",
    async run(app) {
      const browser = app.browser();
      await browser.signIn({ sub: "alice" });
      await browser.fetch("/update?secret=of-alice");
      const before = (await sessionOf(browser)).id;
      await browser.signIn({ sub: "bob" });
      const session = await sessionOf(browser);
      expect(session.user.sub).toBe("bob");
      expect(session.data).toEqual({});
      expect(session.id).not.toBe(before);
      const cookiesOfFirst = browser.jar.names().filter((name) => name.includes(before.slice(0, 6)));
      expect(cookiesOfFirst).toEqual([]);
    },
  },
  {
    name: "data that does not fit into cookies is a CookieTooLargeError, and the session stays as it was",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      await browser.fetch("/update?color=blue");
      const before = browser.jar.header(`${app.url}/`);
      const response = await browser.fetch(`/update?bulk=${"x".repeat(7600)}`);
      expect(response.status).toBe(413);
      const { error, bytes, limit, largest } = JSON.parse(response.body);
      expect([error, limit, largest[0].field]).toEqual(["cookie_too_large", 7600, expect.stringContaining("bulk")]);
      expect(bytes).toBeGreaterThan(limit);
      expect(response.setCookies).toEqual([]);
      expect(browser.jar.header(`${app.url}/`)).toBe(before);
      expect((await sessionOf(browser)).data).toEqual({ color: "blue" });
    },
  },
  {
    name: "`update` without a session is an error",
    async run(app) {
      const response = await app.browser().fetch("/update?color=blue");
      expect([response.status, response.body, response.setCookies]).toEqual([400, '{"error":"no_session"}', []]);
    },
  },
];
