import { expect } from "vitest";
import { ownCookies } from "../../../support/routes.js";
import { isSignedIn, nameOf, type Row, seen, signInUntilCallback } from "../row.js";

export const cookies: readonly Row[] = [
  {
    name: "every session cookie is HttpOnly, SameSite=Lax and host-only, in a Set-Cookie line of its own",
    async run(app) {
      const browser = app.browser();
      const { href } = await signInUntilCallback(app, browser);
      const { setCookies } = await browser.navigate(href);
      expect(setCookies.map(nameOf).map((name) => name.split(".").slice(2).join("."))).toEqual(
        expect.arrayContaining(["id.0", "tok.0"]),
      );
      for (const line of setCookies)
        expect(line).toMatch(/^latchkey\.[^;,]+; Path=\/; Max-Age=\d+;.* HttpOnly; SameSite=Lax$/);
    },
  },
  {
    name: "the app's own cookies are sent too, each in a Set-Cookie line of its own",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      app.clock.advance(400);
      const { setCookies } = await browser.navigate("/cookies");
      expect(setCookies.slice(0, 2)).toEqual(ownCookies);
      expect(setCookies.slice(2).map(nameOf)).toEqual([seen]);
    },
  },
  {
    name: "a response sets no cookie twice",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      app.clock.advance(400);
      const { setCookies } = await browser.fetch("/update?color=blue");
      expect(setCookies.length).toBeGreaterThan(0);
      expect(new Set(setCookies.map(nameOf)).size).toBe(setCookies.length);
    },
  },
  {
    name: "a redirect by the app carries latchkey's cookies",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      app.clock.advance(400);
      const response = await browser.navigate("/redirect");
      expect(response.status).toBe(302);
      expect(response.headers.location).toMatch(/\/elsewhere$/);
      expect(response.setCookies.map(nameOf)).toEqual([seen]);
    },
  },
  {
    name: "a response without a body carries latchkey's cookies",
    async run(app) {
      for (const [method, path, status] of [
        ["GET", "/empty", 204],
        ["HEAD", "/untouched", 200],
      ] as const) {
        const browser = app.browser();
        await browser.signIn();
        app.clock.advance(400);
        const response = await browser.navigate(path, { method });
        expect([response.status, response.body]).toEqual([status, ""]);
        expect(response.setCookies.map(nameOf)).toEqual([seen]);
      }
    },
  },
  {
    name: "a response with immutable headers, such as one from fetch, carries latchkey's cookies",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      app.clock.advance(400);
      const response = await browser.navigate("/fetched");
      expect([response.status, JSON.parse(response.body).sub]).toEqual([200, "alice"]);
      expect(response.setCookies.map(nameOf)).toEqual([seen]);
      expect(response.headers["cache-control"]).toBe("private, no-store");
    },
  },
  {
    name: "a streamed response carries latchkey's cookies and is not buffered",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      app.clock.advance(400);
      const response = await browser.navigate("/streamed");
      expect(response.pieces).toEqual(["first,", "second"]);
      expect(response.setCookies.map(nameOf)).toEqual([seen]);
    },
  },
];

export const caching: readonly Row[] = [
  {
    name: "a response that sets session cookies is `private, no-store`, even if the app made it cacheable",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      app.clock.advance(400);
      for (const path of ["/untouched", "/cookies"]) {
        const response = await app.browser().navigate(path, { headers: { cookie: browser.jar.header(`${app.url}/`) } });
        expect(response.setCookies.map(nameOf)).toContainEqual(seen);
        expect(response.headers["cache-control"]).toBe("private, no-store");
        expect(response.headers.vary).toMatch(/\bCookie\b/);
      }
    },
  },
  {
    name: "a response that depends on the session is `private`",
    async run(app) {
      for (const browser of [app.browser(), app.browser()]) {
        const response = await browser.navigate("/");
        expect(response.headers["cache-control"]).toBe("private");
        expect(response.headers.vary).toMatch(/\bCookie\b/);
        await browser.signIn();
      }
    },
  },
  {
    name: "a response that does not depend on the session keeps the app's caching headers",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      const response = await browser.navigate("/untouched");
      expect(response.headers["cache-control"]).toBe("public, s-maxage=31536000");
      expect(response.setCookies).toEqual([]);
    },
  },
];

/** Cookie headers that an attacker or a broken client can send. */
const MALFORMED_HEADERS = [
  "",
  ";;;===;;",
  "latchkey",
  "latchkey.",
  "latchkey.AAAAAA.id.0=",
  "latchkey.AAAAAA.id.0=9AAAAAAAAAAAA",
  "latchkey.AAAAAA.id.0=1AAAAAAAAAAAA; latchkey.AAAAAA.id.1=AAAAAAAA; latchkey.AAAAAA.id.-1=A; latchkey.AAAAAA.id.1e9=A",
  "latchkey.AAAAAA.id.0=a; latchkey.AAAAAA.id.0=b",
  "latchkey.AAAAAA.seen=eyJhbGciOiJub25lIn0.e30.; latchkey.AAAAAA.id.0=1eyJhbGciOiJub25lIn0.e30.",
  "latchkey.end.NaN=1; latchkey.end.-1=1; latchkey.end.1e400=1; latchkey.end.=1; latchkey.end.999999999999999999=1",
  "latchkey.tx.AAAAAAAAAA=x; latchkey.tx.=; latchkey.tx.__proto__=x",
  "latchkey.__proto__.id.0=x; __proto__=x; latchkey.constructor.id.0=x",
  'latchkey.AAAAAA.id.0="quoted"; latchkey.AAAAAA.tok.0=%00%0d%0a%ff; latchkey.a b.id.0=x',
  "latchkey.\u00e9\u00ff.id.0=\u00e9\u00ff",
  Array.from({ length: 150 }, (_, index) => `latchkey.${String(index).padStart(6, "A")}.id.0=1AAAAAA`).join("; "),
  `latchkey.AAAAAA.id.0=1AAAAAA${"A".repeat(9000)}`,
];

/** Ways to damage the Cookie header of a real session. */
const DAMAGES: ReadonlyArray<(header: string) => string> = [
  (header) => header.slice(0, -30),
  (header) => header.replace(/\.id\.0=./, ".id.0=9"),
  (header) => header.replace(/(\.id\.0=.{40})./, "$1!"),
  (header) => `${header}; ${header}`,
  (header) => header.replaceAll(/(latchkey\.[\w-]{6}\.)id/g, "$1tok"),
  (header) => header.split("; ").reverse().join(";"),
  (header) => header.toUpperCase(),
];

export const hostile: readonly Row[] = [
  {
    name: "a malformed Cookie header causes no error: the request has no session",
    async run(app) {
      for (const cookie of MALFORMED_HEADERS) {
        for (const path of ["/", "/auth/me", "/auth/callback?state=x&code=y"]) {
          const response = await app.browser().fetch(path, { headers: { cookie } });
          expect([cookie, path, response.status]).toEqual([cookie, path, path.includes("callback") ? 400 : 200]);
        }
        const { body } = await app.browser().fetch("/", { headers: { cookie } });
        expect(JSON.parse(body).session).toBeNull();
      }
    },
  },
  {
    name: "truncated, duplicated or changed cookies cause no error and never sign in another user",
    async run(app) {
      const browser = app.browser();
      await browser.signIn({ sub: "alice" });
      const intact = browser.jar.header(`${app.url}/`);
      for (const [index, damage] of DAMAGES.entries()) {
        const response = await app.browser().fetch("/", { headers: { cookie: damage(intact) } });
        expect([index, response.status]).toEqual([index, 200]);
        expect([undefined, "alice"]).toContain(JSON.parse(response.body).session?.user.sub);
      }
      expect(await isSignedIn(browser)).toBe(true);
    },
  },
  {
    name: "hundreds of planted transaction cookies: a response deletes at most 20 of them, and sign-in still works",
    async run(app) {
      const browser = app.browser();
      // Together with the cookies of a session these exceed maxCookieBytes.
      const planted = Array.from({ length: 400 }, (_, index) => `latchkey.tx.${index}=${"1".repeat(8)}`).join("; ");
      const navigateWithPlanted = (path: string) => {
        const cookie = [browser.jar.header(`${app.url}/`), planted].filter(Boolean).join("; ");
        return browser.navigate(path, { headers: { cookie } });
      };
      const isDeletion = (line: string) => line.includes("Max-Age=0;");
      const login = await navigateWithPlanted("/auth/login");
      const deleted = login.setCookies.filter(isDeletion).length;
      expect(deleted).toBeGreaterThan(10);
      expect(deleted).toBeLessThanOrEqual(20);
      const { url } = await app.provider.authorize(String(login.headers.location), { user: { sub: "alice" } });
      const callback = await navigateWithPlanted(url);
      expect([callback.status, callback.headers.location]).toEqual([302, `${app.url}/`]);
      expect(callback.setCookies.filter(isDeletion).length).toBeLessThanOrEqual(21);
      expect(await isSignedIn(browser)).toBe(true);
      const update = await navigateWithPlanted("/update?color=blue");
      expect(update.setCookies.filter(isDeletion).length).toBeLessThanOrEqual(20);
    },
  },
  {
    name: "planted cookies with very long names are not deleted, because the Set-Cookie lines would be as long",
    async run(app) {
      const browser = app.browser();
      const long = ["tx.", "AbCdEf.tok.", "AbCdEf.id.", "AbCdEf.seen."].map((kind) => `${kind}${"n".repeat(2000)}=1`);
      const planted = long.map((pair) => `latchkey.${pair}`).join("; ");
      const login = await browser.navigate("/auth/login", { headers: { cookie: planted } });
      expect(login.setCookies.map(nameOf).filter((name) => name.length > 60)).toEqual([]);
      const { url } = await app.provider.authorize(String(login.headers.location), { user: { sub: "alice" } });
      const cookie = `${browser.jar.header(`${app.url}/`)}; ${planted}`;
      const callback = await browser.navigate(url, { headers: { cookie } });
      expect([callback.status, callback.headers.location]).toEqual([302, `${app.url}/`]);
      expect(callback.setCookies.map(nameOf).filter((name) => name.length > 60)).toEqual([]);
      expect(await isSignedIn(browser)).toBe(true);
    },
  },
  {
    name: "an `end` cookie with a time up to one day in the future ends sessions; a later time is ignored",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      const session = browser.jar.header(`${app.url}/`);
      const userWithEndCookie = async (time: number) => {
        const headers = { cookie: `${session}; latchkey.end.${time}=1` };
        return JSON.parse((await app.browser().fetch("/", { headers })).body).session?.user.sub;
      };
      const day = 86_400_000;
      const now = app.clock.now();
      expect(await userWithEndCookie(now + day)).toBeUndefined();
      expect(await userWithEndCookie(now + day + 1)).toBe("alice");
      expect(await userWithEndCookie(999_999_999_999_999)).toBe("alice");
      // A sign-out writes an `end` cookie of its own, and does not copy the time of a planted one.
      const planted = { cookie: `${session}; latchkey.end.999999999999999=1`, "sec-fetch-site": "same-origin" };
      const out = await app.browser().navigate("/auth/logout", { method: "POST", headers: planted });
      const [endLine = ""] = out.setCookies.filter((line) => /^latchkey\.end\.\d{13}=1;/.test(line));
      const endTime = Number(endLine.slice("latchkey.end.".length, endLine.indexOf("=")));
      expect(endTime).toBeGreaterThan(0);
      expect(endTime).toBeLessThanOrEqual(now + day);
    },
  },
];
