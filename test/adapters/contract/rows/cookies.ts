import { expect } from "vitest";
import { ownCookies } from "../../../support/routes.js";
import { begin, isSignedIn, nameOf, type Row, seen } from "../row.js";

export const cookies: readonly Row[] = [
  {
    name: "every cookie is HttpOnly, SameSite=Lax and for this host alone, each in a line of its own",
    async run(app) {
      const browser = app.browser();
      const { href } = await begin(app, browser);
      const { setCookies } = await browser.navigate(href);
      expect(setCookies.map(nameOf).map((name) => name.split(".").slice(2).join("."))).toEqual(
        expect.arrayContaining(["id.0", "tok.0"]),
      );
      for (const line of setCookies)
        expect(line).toMatch(/^latchkey\.[^;,]+; Path=\/; Max-Age=\d+;.* HttpOnly; SameSite=Lax$/);
    },
  },
  {
    name: "the app's own cookies stay beside ours, each in a line of its own",
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
    name: "no response writes a cookie twice",
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
    name: "a redirect of the app's carries our cookies",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      app.clock.advance(400);
      const answer = await browser.navigate("/redirect");
      expect(answer.status).toBe(302);
      expect(answer.headers.location).toMatch(/\/elsewhere$/);
      expect(answer.setCookies.map(nameOf)).toEqual([seen]);
    },
  },
  {
    name: "a response without a body carries our cookies",
    async run(app) {
      for (const [method, path, status] of [
        ["GET", "/empty", 204],
        ["HEAD", "/untouched", 200],
      ] as const) {
        const browser = app.browser();
        await browser.signIn();
        app.clock.advance(400);
        const answer = await browser.navigate(path, { method });
        expect([answer.status, answer.body]).toEqual([status, ""]);
        expect(answer.setCookies.map(nameOf)).toEqual([seen]);
      }
    },
  },
  {
    name: "a response that cannot be changed, such as one of fetch, carries our cookies",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      app.clock.advance(400);
      const answer = await browser.navigate("/fetched");
      expect([answer.status, JSON.parse(answer.body).sub]).toEqual([200, "alice"]);
      expect(answer.setCookies.map(nameOf)).toEqual([seen]);
      expect(answer.headers["cache-control"]).toBe("private, no-store");
    },
  },
  {
    name: "a streamed response carries our cookies and is not held back",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      app.clock.advance(400);
      const answer = await browser.navigate("/streamed");
      expect(answer.pieces).toEqual(["first,", "second"]);
      expect(answer.setCookies.map(nameOf)).toEqual([seen]);
    },
  },
];

export const caching: readonly Row[] = [
  {
    name: "answers that write cookies are stored by no cache, whatever the app said",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      app.clock.advance(400);
      for (const path of ["/untouched", "/cookies"]) {
        const answer = await app.browser().navigate(path, { headers: { cookie: browser.jar.header(`${app.url}/`) } });
        expect(answer.setCookies.map(nameOf)).toContainEqual(seen);
        expect(answer.headers["cache-control"]).toBe("private, no-store");
        expect(answer.headers.vary).toMatch(/\bCookie\b/);
      }
    },
  },
  {
    name: "answers made from a session are private to the browser",
    async run(app) {
      for (const browser of [app.browser(), app.browser()]) {
        const answer = await browser.navigate("/");
        expect(answer.headers["cache-control"]).toBe("private");
        expect(answer.headers.vary).toMatch(/\bCookie\b/);
        await browser.signIn();
      }
    },
  },
  {
    name: "answers that read no session keep the app's caching",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      const answer = await browser.navigate("/untouched");
      expect(answer.headers["cache-control"]).toBe("public, s-maxage=31536000");
      expect(answer.setCookies).toEqual([]);
    },
  },
];

/** What a client can send in the place of our cookies. */
const HOSTILE = [
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

/** What can become of real cookies on their way. */
const SPOILED: ReadonlyArray<(header: string) => string> = [
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
    name: "no Cookie header makes an error: whoever sends nonsense is signed out",
    async run(app) {
      for (const cookie of HOSTILE) {
        for (const path of ["/", "/auth/me", "/auth/callback?state=x&code=y"]) {
          const answer = await app.browser().fetch(path, { headers: { cookie } });
          expect([cookie, path, answer.status]).toEqual([cookie, path, path.includes("callback") ? 400 : 200]);
        }
        const { body } = await app.browser().fetch("/", { headers: { cookie } });
        expect(JSON.parse(body).session).toBeNull();
      }
    },
  },
  {
    name: "cookies that were torn, doubled or changed on their way make no error and no other user",
    async run(app) {
      const browser = app.browser();
      await browser.signIn({ sub: "alice" });
      const whole = browser.jar.header(`${app.url}/`);
      for (const [index, spoil] of SPOILED.entries()) {
        const answer = await app.browser().fetch("/", { headers: { cookie: spoil(whole) } });
        expect([index, answer.status]).toEqual([index, 200]);
        expect([undefined, "alice"]).toContain(JSON.parse(answer.body).session?.user.sub);
      }
      expect(await isSignedIn(browser)).toBe(true);
    },
  },
  {
    name: "hundreds of sign-ins that were tossed remove 20 cookies a response at most, and a sign-in works beside them",
    async run(app) {
      const browser = app.browser();
      // With the cookies of a session more than a session may take.
      const tossed = Array.from({ length: 400 }, (_, index) => `latchkey.tx.${index}=${"1".repeat(8)}`).join("; ");
      const beside = (path: string) => {
        const cookie = [browser.jar.header(`${app.url}/`), tossed].filter(Boolean).join("; ");
        return browser.navigate(path, { headers: { cookie } });
      };
      const isRemoval = (line: string) => line.includes("Max-Age=0;");
      const login = await beside("/auth/login");
      const removed = login.setCookies.filter(isRemoval).length;
      expect(removed).toBeGreaterThan(10);
      expect(removed).toBeLessThanOrEqual(20);
      const { url } = await app.provider.authorize(String(login.headers.location), { user: { sub: "alice" } });
      const callback = await beside(url);
      expect([callback.status, callback.headers.location]).toEqual([302, `${app.url}/`]);
      expect(callback.setCookies.filter(isRemoval).length).toBeLessThanOrEqual(21);
      expect(await isSignedIn(browser)).toBe(true);
      const update = await beside("/update?color=blue");
      expect(update.setCookies.filter(isRemoval).length).toBeLessThanOrEqual(20);
    },
  },
  {
    name: "names that are longer than ours are removed by no response: the lines would be as long",
    async run(app) {
      const browser = app.browser();
      const long = ["tx.", "AbCdEf.tok.", "AbCdEf.id.", "AbCdEf.seen."].map((kind) => `${kind}${"n".repeat(2000)}=1`);
      const tossed = long.map((pair) => `latchkey.${pair}`).join("; ");
      const login = await browser.navigate("/auth/login", { headers: { cookie: tossed } });
      expect(login.setCookies.map(nameOf).filter((name) => name.length > 60)).toEqual([]);
      const { url } = await app.provider.authorize(String(login.headers.location), { user: { sub: "alice" } });
      const cookie = `${browser.jar.header(`${app.url}/`)}; ${tossed}`;
      const callback = await browser.navigate(url, { headers: { cookie } });
      expect([callback.status, callback.headers.location]).toEqual([302, `${app.url}/`]);
      expect(callback.setCookies.map(nameOf).filter((name) => name.length > 60)).toEqual([]);
      expect(await isSignedIn(browser)).toBe(true);
    },
  },
  {
    name: "an end of sessions counts up to a day ahead; one further ahead was not written here, and ends nothing",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      const session = browser.jar.header(`${app.url}/`);
      const ask = async (time: number) => {
        const headers = { cookie: `${session}; latchkey.end.${time}=1` };
        return JSON.parse((await app.browser().fetch("/", { headers })).body).session?.user.sub;
      };
      const day = 86_400_000;
      const now = app.clock.now();
      expect([await ask(now + day), await ask(now + day + 1), await ask(999_999_999_999_999)]).toEqual([
        undefined,
        "alice",
        "alice",
      ]);
      // A sign-in ends no other way, whatever was planted.
      const planted = { cookie: `${session}; latchkey.end.999999999999999=1`, "sec-fetch-site": "same-origin" };
      const out = await app.browser().navigate("/auth/logout", { method: "POST", headers: planted });
      const [ended = ""] = out.setCookies.filter((line) => /^latchkey\.end\.\d{13}=1;/.test(line));
      expect(Number(ended.slice("latchkey.end.".length, ended.indexOf("=")))).toBeLessThanOrEqual(now + day);
    },
  },
];
