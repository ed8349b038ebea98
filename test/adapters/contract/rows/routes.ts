import { expect } from "vitest";
import { plainRequest } from "../../../support/app.js";
import { isSignedIn, PUBLIC, type Row, sessionOf, signInUntilCallback, withOptions } from "../row.js";

export const routes: readonly Row[] = [
  {
    name: "a user signs in and returns to the requested page",
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
    name: "`/auth/me` responds with the user, or with `null` if there is no session",
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
    name: "the provider can return the authorization response by a form post",
    async run(app) {
      const browser = app.browser();
      const { headers } = await browser.navigate("/auth/login?returnTo=%2Finvoices");
      const authorization = new URL(String(headers.location));
      authorization.searchParams.set("response_mode", "form_post");
      const { url, method, body = "" } = await app.provider.authorize(authorization.href, { user: { sub: "alice" } });
      expect([url, method]).toEqual([`${app.url}/auth/callback`, "POST"]);
      // The form comes from another site, so the browser sends no SameSite=Lax cookie with it.
      const form = { "content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "cross-site" };
      const posted = await plainRequest(app.url, "/auth/callback", { method: "POST", headers: form, body });
      expect([posted.status, posted.setCookies]).toEqual([303, []]);
      const callback = await browser.navigate(String(posted.headers.location));
      expect([callback.status, callback.headers.location]).toEqual([302, `${app.url}/invoices`]);
      expect(await isSignedIn(browser)).toBe(true);
    },
  },
  {
    name: "sign-ins in several tabs finish in any order",
    async run(app) {
      const browser = app.browser();
      const tabs: URL[] = [];
      for (const page of ["/a", "/b", "/c"]) {
        tabs.push(await signInUntilCallback(app, browser, { login: `/auth/login?returnTo=${page}` }));
      }
      const targets: unknown[] = [];
      for (const { href } of tabs.reverse()) targets.push((await browser.navigate(href)).headers.location);
      expect(targets).toEqual([`${app.url}/c`, `${app.url}/b`, `${app.url}/a`]);
      expect(browser.jar.names().filter((name) => name.includes(".tx."))).toEqual([]);
      expect(await isSignedIn(browser)).toBe(true);
    },
  },
  {
    name: "a callback opened twice redirects a signed-in user to the app",
    async run(app) {
      const browser = app.browser();
      const { href } = await signInUntilCallback(app, browser);
      await browser.navigate(href);
      const again = await browser.navigate(href);
      expect([again.status, again.headers.location]).toEqual([302, `${app.url}/`]);
      expect(await isSignedIn(browser)).toBe(true);
    },
  },
  {
    name: "the app's code can start a sign-in",
    async run(app) {
      const browser = app.browser();
      const callback = await browser.navigate((await signInUntilCallback(app, browser, { login: "/enter" })).href);
      expect(callback.headers.location).toBe(`${app.url}/entered`);
      expect((await sessionOf(browser)).user.sub).toBe("alice");
    },
  },
  ...(
    [
      ["`login` sends its options to the provider, and returns to its `returnTo`", "/enter"],
      ["`login`, called with the request that the runtime passed, takes the same options", "/own/enter"],
    ] as const
  ).map(
    ([name, path]): Row => ({
      name,
      async run(app) {
        const browser = app.browser();
        const options = {
          returnTo: "/invoices",
          prompt: "login",
          loginHint: "alice@example.com",
          maxAge: 60,
          params: { ui_locales: "de" },
        };
        const login = await browser.navigate(withOptions(path, options));
        const { searchParams } = new URL(String(login.headers.location));
        const sent = ["prompt", "login_hint", "max_age", "ui_locales"].map((parameter) => searchParams.get(parameter));
        expect([login.status, ...sent]).toEqual([302, "login", "alice@example.com", "60", "de"]);
        const user = { sub: "alice", auth_time: Math.floor(app.clock.now() / 1000) };
        const { url } = await app.provider.authorize(String(login.headers.location), { user });
        expect((await browser.navigate(url)).headers.location).toBe(`${app.url}/invoices`);
        expect((await sessionOf(browser)).user.sub).toBe("alice");
      },
    }),
  ),
  {
    name: "an app with several base URLs redirects back to the one that the browser used",
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
    name: "a path of the base URL that a proxy took off the requests stays in every URL of the app",
    options: (url) => ({ baseUrl: [url, `${PUBLIC}/app`] }),
    async run(app) {
      const headers = { host: new URL(PUBLIC).host, "sec-fetch-mode": "navigate", accept: "text/html" };
      const login = await plainRequest(app.url, "/auth/login?returnTo=/app/invoices", { headers });
      const { searchParams } = new URL(String(login.headers.location));
      expect(searchParams.get("redirect_uri")).toBe(`${PUBLIC}/app/auth/callback`);
      const { url } = await app.provider.authorize(String(login.headers.location), { user: { sub: "alice" } });
      const cookie = login.setCookies.map((line) => line.split(";")[0]).join("; ");
      const target = url.slice(`${PUBLIC}/app`.length);
      const callback = await plainRequest(app.url, target, { headers: { ...headers, cookie } });
      expect(callback.headers.location).toBe(`${PUBLIC}/app/invoices`);
    },
  },
  {
    name: "the callback can have a path of the app's own",
    options: { callbackPath: "/auth/signin-oidc" },
    async run(app) {
      const browser = app.browser();
      const callback = await signInUntilCallback(app, browser);
      expect(callback.pathname).toBe("/auth/signin-oidc");
      expect((await browser.navigate(callback.href)).status).toBe(302);
      expect(await isSignedIn(browser)).toBe(true);
      expect((await browser.navigate("/auth/callback")).status).toBe(404);
    },
  },
  {
    name: "an unknown path under the mount is left to the app",
    async run(app) {
      for (const path of ["/auth/unknown", "/auth", "/auth/login/more", "/Auth/login"]) {
        const response = await app.browser().navigate(path);
        expect([path, response.status, response.setCookies]).toEqual([path, 404, []]);
      }
    },
  },
  {
    name: "latchkey's routes refuse other methods with 405 and an `Allow` header",
    async run(app) {
      const browser = app.browser();
      const refusedMethods = [
        ["POST", "/auth/login", "GET"],
        ["PUT", "/auth/callback", "GET, POST"],
        ["DELETE", "/auth/logout", "POST"],
        ["POST", "/auth/me", "GET"],
      ] as const;
      for (const [method, path, allow] of refusedMethods) {
        const response = await browser.navigate(path, { method });
        expect([path, response.status, response.headers.allow]).toEqual([path, 405, allow]);
      }
    },
  },
  {
    // A link in a mail may lead to it, and so may a provider's start page (OpenID Connect Core 4).
    name: "a link on another site starts a sign-in",
    async run(app) {
      const headers = { "sec-fetch-site": "cross-site", "sec-fetch-dest": "document" };
      const { status, headers: answer } = await app.browser().navigate("/auth/login?returnTo=%2Finvoices", { headers });
      expect([status, new URL(String(answer.location)).origin]).toEqual([302, new URL(app.provider.issuer).origin]);
    },
  },
  ...(
    [
      ["a prefetch", { "sec-purpose": "prefetch" }],
      ["a script", { "sec-fetch-mode": "cors" }],
      // A 204 makes Next's router navigate; an error would make it prefetch without end.
      ["a router's data request", { "x-nextjs-data": "1" }, 204],
      ["a hidden frame of another site", { "sec-fetch-site": "cross-site", "sec-fetch-dest": "iframe" }],
    ] as const
  ).map(
    ([what, headers, status = 403]): Row => ({
      name: `${what} does not start a sign-in`,
      async run(app) {
        const response = await app.browser().navigate("/auth/login", { headers });
        expect([response.status, response.headers["latchkey-declined"]]).toEqual([status, "not a navigation"]);
        expect(response.body).toContain(status === 403 ? "Only a navigation is answered here" : "");
        expect(response.setCookies).toEqual([]);
      },
    }),
  ),
  {
    name: "htmx is told to navigate to the sign-in",
    async run(app) {
      const { status, headers } = await app
        .browser()
        .fetch("/auth/login?returnTo=%2Finvoices", { headers: { "hx-request": "true" } });
      expect([status, headers["hx-redirect"]]).toEqual([403, "/auth/login?returnTo=%2Finvoices"]);
    },
  },
  {
    name: "a silent sign-in that finds no session at the provider returns to the page, which can tell",
    async run(app) {
      const browser = app.browser();
      const reasonOf = async () => JSON.parse((await browser.fetch("/")).body).reason;
      const silent = withOptions("/enter", { prompt: "none", returnTo: "/invoices" });
      expect(await reasonOf()).toBeUndefined();
      const { href } = await signInUntilCallback(app, browser, { login: silent, error: "login_required" });
      const callback = await browser.navigate(href);
      expect([callback.status, callback.headers.location]).toEqual([302, `${app.url}/invoices`]);
      expect([await isSignedIn(browser), await reasonOf()]).toEqual([false, "login_required"]);
      app.clock.advance(901);
      expect(await reasonOf()).toBeUndefined();
      await browser.signIn();
      expect([await isSignedIn(browser), await reasonOf()]).toEqual([true, undefined]);
    },
  },
];

/** Values of `returnTo` that an attacker could put into a link. */
const HOSTILE_TARGETS = [
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
];

export const returnTargets: readonly Row[] = [
  {
    name: "a `returnTo` on another site, or on one of latchkey's own routes, leads to the start page",
    async run(app) {
      const browser = app.browser();
      for (const target of HOSTILE_TARGETS) {
        const login = `/auth/login?returnTo=${encodeURIComponent(target)}`;
        const callback = await browser.signIn({ sub: "alice" }, login);
        expect([target, callback.headers.location]).toEqual([target, `${app.url}/`]);
      }
    },
  },
  {
    name: "a `returnTo` keeps its query, its escapes and its non-ASCII letters",
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
