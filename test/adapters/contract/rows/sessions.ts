import { expect } from "vitest";
import { isSignedIn, nameOf, type Row, seen, sessionOf } from "../row.js";

export const rolling: readonly Row[] = [
  {
    name: "reading a session within rollAfter writes nothing",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      app.clock.advance(359);
      const answer = await browser.navigate("/");
      expect(answer.setCookies).toEqual([]);
      expect(answer.headers["cache-control"]).toBe("private");
      expect(answer.headers.vary).toMatch(/\bCookie\b/);
    },
  },
  {
    name: "past rollAfter one small cookie is written, and the session lives on",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      app.clock.advance(3000);
      const answer = await browser.navigate("/untouched");
      expect(answer.setCookies.map(nameOf)).toEqual([seen]);
      expect(answer.setCookies[0]?.length).toBeLessThan(330);
      app.clock.advance(3000);
      expect((await browser.fetch("/private")).status).toBe(200);
    },
  },
  {
    name: "a prefetch is no activity",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      app.clock.advance(3000);
      const answer = await browser.navigate("/", { headers: { "sec-purpose": "prefetch" } });
      expect([answer.status, answer.setCookies]).toEqual([200, []]);
    },
  },
  {
    name: "without activity the session ends, and the app learns why",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      const cookie = browser.jar.header(`${app.url}/`);
      app.clock.advance(3600);
      const answer = await app.browser().navigate("/", { headers: { cookie } });
      expect(JSON.parse(answer.body)).toEqual({ session: null, reason: "inactive" });
    },
  },
  {
    name: "no activity moves the absolute limit",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      const { endsAt } = await sessionOf(browser);
      for (let hours = 0; hours < 4; hours += 0.75) {
        expect([hours, await isSignedIn(browser)]).toEqual([hours, true]);
        app.clock.advance(2700);
      }
      expect(endsAt).toBeLessThanOrEqual(app.clock.now());
      expect(await isSignedIn(browser)).toBe(false);
    },
  },
];

export const data: readonly Row[] = [
  {
    name: "the app's own data is kept, merged and shown in the same request",
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
    name: "another user's sign-in leaves nothing of the first, and the session id changes",
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
      const left = browser.jar.names().filter((name) => name.includes(before.slice(0, 6)));
      expect(left).toEqual([]);
    },
  },
  {
    name: "data that no cookies can hold is a CookieTooLargeError: nothing is written, the session is as before",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      await browser.fetch("/update?color=blue");
      const before = browser.jar.header(`${app.url}/`);
      const answer = await browser.fetch(`/update?bulk=${"x".repeat(7600)}`);
      expect(answer.status).toBe(413);
      const { error, bytes, limit, largest } = JSON.parse(answer.body);
      expect([error, limit, largest[0].field]).toEqual(["cookie_too_large", 7600, expect.stringContaining("bulk")]);
      expect(bytes).toBeGreaterThan(limit);
      expect(answer.setCookies).toEqual([]);
      expect(browser.jar.header(`${app.url}/`)).toBe(before);
      expect((await sessionOf(browser)).data).toEqual({ color: "blue" });
    },
  },
  {
    name: "without a session there is nothing to update",
    async run(app) {
      const answer = await app.browser().fetch("/update?color=blue");
      expect([answer.status, answer.body, answer.setCookies]).toEqual([400, '{"error":"no_session"}', []]);
    },
  },
];
