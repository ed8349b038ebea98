import { expect } from "vitest";
import { plainRequest } from "../../../support/app.js";
import { begin, isSignedIn, PUBLIC, type Row, sessionOf } from "../row.js";

export const routes: readonly Row[] = [
  {
    name: "someone signs in, comes back to where they wanted to go, and is known",
    async run(app) {
      const browser = app.browser();
      const user = { sub: "alice", name: "Alice" };
      const callback = await browser.signIn(user, "/auth/login?returnTo=%2Finvoices%3Fpage%3D2");
      expect(callback.status).toBe(302);
      expect(callback.headers.location).toBe(`${app.url}/invoices?page=2`);
      const { session } = JSON.parse((await browser.navigate("/")).body);
      expect(session.user).toEqual(user);
      expect(session.data).toEqual({});
    },
  },
  {
    name: "the routes say who is signed in, and that no one is",
    async run(app) {
      const browser = app.browser();
      expect(JSON.parse((await browser.fetch("/auth/me")).body)).toEqual({ user: null });
      await browser.signIn({ sub: "bob" });
      const me = await browser.fetch("/auth/me");
      expect(me.headers["cache-control"]).toBe("private, no-store");
      expect(JSON.parse(me.body)).toEqual({ user: { sub: "bob" }, expiresAt: app.clock.now() + 3_600_000 });
    },
  },
  {
    name: "the provider may answer with a form that its page posts",
    async run(app) {
      const browser = app.browser();
      const { headers } = await browser.navigate("/auth/login?returnTo=%2Finvoices");
      const authorization = new URL(String(headers.location));
      authorization.searchParams.set("response_mode", "form_post");
      const { url, method, body = "" } = await app.provider.authorize(authorization.href, { user: { sub: "alice" } });
      expect([url, method]).toEqual([`${app.url}/auth/callback`, "POST"]);
      // The form comes from another site: no SameSite=Lax cookie is with it.
      const form = { "content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "cross-site" };
      const posted = await plainRequest(app.url, "/auth/callback", { method: "POST", headers: form, body });
      expect([posted.status, posted.setCookies]).toEqual([303, []]);
      const callback = await browser.navigate(String(posted.headers.location));
      expect([callback.status, callback.headers.location]).toEqual([302, `${app.url}/invoices`]);
      expect(await isSignedIn(browser)).toBe(true);
    },
  },
  {
    name: "several tabs sign in side by side, in any order",
    async run(app) {
      const browser = app.browser();
      const tabs: URL[] = [];
      for (const page of ["/a", "/b", "/c"]) {
        tabs.push(await begin(app, browser, { login: `/auth/login?returnTo=${page}` }));
      }
      const targets: unknown[] = [];
      for (const { href } of tabs.reverse()) targets.push((await browser.navigate(href)).headers.location);
      expect(targets).toEqual([`${app.url}/c`, `${app.url}/b`, `${app.url}/a`]);
      expect(browser.jar.names().filter((name) => name.includes(".tx."))).toEqual([]);
      expect(await isSignedIn(browser)).toBe(true);
    },
  },
  {
    name: "a callback that is delivered twice leads someone who is signed in onward",
    async run(app) {
      const browser = app.browser();
      const { href } = await begin(app, browser);
      await browser.navigate(href);
      const again = await browser.navigate(href);
      expect([again.status, again.headers.location]).toEqual([302, `${app.url}/`]);
      expect(await isSignedIn(browser)).toBe(true);
    },
  },
  {
    name: "the app's own code may start a sign-in",
    async run(app) {
      const browser = app.browser();
      const callback = await browser.navigate((await begin(app, browser, { login: "/enter" })).href);
      expect(callback.headers.location).toBe(`${app.url}/entered`);
      expect((await sessionOf(browser)).user.sub).toBe("alice");
    },
  },
  {
    name: "an app with several public names serves each under its own",
    async run(app) {
      const headers = { host: new URL(PUBLIC).host, "sec-fetch-mode": "navigate" };
      const login = await plainRequest(app.url, "/auth/login", { headers });
      const { searchParams } = new URL(String(login.headers.location));
      expect(searchParams.get("redirect_uri")).toBe(`${PUBLIC}/auth/callback`);
      const { url } = await app.provider.authorize(String(login.headers.location), { user: { sub: "alice" } });
      const cookie = login.setCookies.map((line) => line.split(";")[0]).join("; ");
      const target = url.slice(PUBLIC.length);
      const callback = await plainRequest(app.url, target, { headers: { ...headers, cookie } });
      expect(callback.headers.location).toBe(`${PUBLIC}/`);
      const written = callback.setCookies.filter((line) => !line.includes("Max-Age=0"));
      expect(written.length).toBeGreaterThan(1);
      for (const line of written) expect(line).toMatch(/^__Host-latchkey\.[^;]+; Path=\/; .*; Secure$/);
    },
  },
  {
    name: "what is no route of ours is the app's, also under the mount",
    async run(app) {
      for (const path of ["/auth/unknown", "/auth", "/auth/login/more", "/Auth/login"]) {
        const answer = await app.browser().navigate(path);
        expect([path, answer.status, answer.setCookies]).toEqual([path, 404, []]);
      }
    },
  },
  {
    name: "the routes refuse methods that are not theirs, and say which are",
    async run(app) {
      const browser = app.browser();
      const asked = [
        ["POST", "/auth/login", "GET"],
        ["PUT", "/auth/callback", "GET, POST"],
        ["DELETE", "/auth/logout", "POST"],
        ["POST", "/auth/me", "GET"],
      ] as const;
      for (const [method, path, allow] of asked) {
        const answer = await browser.navigate(path, { method });
        expect([path, answer.status, answer.headers.allow]).toEqual([path, 405, allow]);
      }
    },
  },
  ...(
    [
      ["a prefetch", { "sec-purpose": "prefetch" }, 503],
      ["a script", { "sec-fetch-mode": "cors" }, 204],
      ["a router's data request", { "x-nextjs-data": "1" }, 204],
    ] as const
  ).map(
    ([what, headers, status]): Row => ({
      name: `${what} starts no sign-in`,
      async run(app) {
        const answer = await app.browser().navigate("/auth/login", { headers });
        expect(answer.status).toBe(status);
        expect(answer.setCookies).toEqual([]);
      },
    }),
  ),
];

/** Places that somebody else would like people to come back to. */
const ELSEWHERE = [
  "https://evil.example/",
  "//evil.example",
  "/\\evil.example",
  "\\\\evil.example",
  "/\t/evil.example",
  "/.//evil.example",
  "javascript:alert(1)",
  "https://op.example@evil.example/",
  "/auth/logout",
  "/AUTH/login",
  `/${"x".repeat(600)}`,
];

export const returnTargets: readonly Row[] = [
  {
    name: "a return target on another site, or on none of the app's pages, leads to the start page",
    async run(app) {
      const browser = app.browser();
      const landed: unknown[] = [];
      for (const target of ELSEWHERE) {
        const login = `/auth/login?returnTo=${encodeURIComponent(target)}`;
        landed.push([target, (await browser.signIn({ sub: "alice" }, login)).headers.location]);
      }
      expect(landed).toEqual(ELSEWHERE.map((target) => [target, `${app.url}/`]));
    },
  },
  {
    name: "a return target is kept with its query, its escapes and its letters of any script",
    async run(app) {
      const browser = app.browser();
      for (const target of ["/a%2Fb?c=%26&d=1#e", "/漢字?q=ü", "relative", "/?returnTo=https://evil.example"]) {
        const login = `/auth/login?returnTo=${encodeURIComponent(target)}`;
        const callback = await browser.signIn({ sub: "alice" }, login);
        expect(callback.headers.location).toBe(new URL(target, app.url).href);
      }
    },
  },
];
