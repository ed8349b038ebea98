import { expect } from "vitest";
import type { TestApp, TestBrowser } from "../../../support/app.js";
import { expectErrorPage, type Row, sessionOf, withOptions } from "../row.js";

/** The second provider of the app, whose name there is `code`; the name of the first is `work`. */
const another = { issuer: "https://code.example", clientId: "code-client", clientSecret: "code-secret" };

/** The provider that a browser was sent to. */
const providerAt = (app: TestApp, location: unknown) =>
  [app.provider, app.another].find(({ issuer }) => `${location}`.startsWith(`${issuer}/`)) ?? app.provider;

/** Follows a redirect to a provider, signs the user in there, and returns the URL of the callback. */
async function callbackAfter(app: TestApp, location: unknown, user: Record<string, unknown> = { sub: "alice" }) {
  const { url } = await providerAt(app, location).authorize(String(location), { user });
  return url;
}

/** Signs a user in from start to end, and returns the response to the callback. */
async function signIn(app: TestApp, browser: TestBrowser, path: string, user?: Record<string, unknown>) {
  const { headers } = await browser.navigate(path);
  return browser.navigate(await callbackAfter(app, headers.location, user));
}

/** The endpoints that each of the two providers was asked at while `run` ran. */
async function requestsDuring(app: TestApp, run: () => Promise<unknown>) {
  const before = [app.provider, app.another].map(({ requests }) => requests.length);
  await run();
  const [work, code] = [app.provider, app.another].map(({ requests }, index) =>
    requests.slice(before[index]).map(({ endpoint }) => endpoint as string),
  );
  return { work, code };
}

export const providers: readonly Row[] = [
  {
    name: "a user signs in with either of two providers, and the session and `/auth/me` say which",
    another,
    async run(app) {
      for (const [name, provider] of [
        ["work", app.provider],
        ["code", app.another],
      ] as const) {
        const browser = app.browser();
        const login = await browser.navigate(`/auth/login/${name}?returnTo=%2Finvoices`);
        const request = new URL(String(login.headers.location));
        expect(request.origin).toBe(provider.issuer);
        expect(request.searchParams.get("redirect_uri")).toBe(`${app.url}/auth/callback/${name}`);
        const callback = await browser.navigate(await callbackAfter(app, request.href));
        expect([callback.status, callback.headers.location]).toEqual([302, `${app.url}/invoices`]);
        expect(await sessionOf(browser)).toMatchObject({ provider: name, user: { sub: "alice" } });
        const me = JSON.parse((await browser.fetch("/auth/me")).body);
        expect(me).toMatchObject({ user: { sub: "alice" }, provider: name });
      }
    },
  },
  {
    name: "a guard leads to a page on which the user chooses a provider, and from there back to the page that was asked for",
    another,
    async run(app) {
      const browser = app.browser();
      const guarded = await browser.navigate("/private?page=2");
      expect(guarded.status).toBe(302);
      const page = await browser.navigate(String(guarded.headers.location));
      expect([page.status, page.headers["cache-control"]]).toEqual([200, "private, no-store"]);
      expect(page.headers["content-security-policy"]).toMatch(/^default-src 'none'/);
      const links = [...page.body.matchAll(/<a href="([^"]+)">([^<]+)<\/a>/g)];
      expect(links.map(([, , label]) => label)).toEqual(["work", "Code &#38; Co"]);
      const [, href = ""] = links[1] ?? [];
      const callback = await signIn(app, browser, href.replaceAll("&#38;", "&"));
      expect(callback.headers.location).toBe(`${app.url}/private?page=2`);
      expect((await sessionOf(browser)).provider).toBe("code");
    },
  },
  {
    name: "`login` takes the name of a provider, and sends to the page of choices without one",
    another,
    async run(app) {
      const browser = app.browser();
      const named = await browser.navigate(
        withOptions("/enter", { provider: "code", returnTo: "/x", prompt: "login" }),
      );
      expect(new URL(String(named.headers.location)).origin).toBe(app.another.issuer);
      const unnamed = await browser.navigate(withOptions("/enter", { returnTo: "/x" }));
      expect([unnamed.status, unnamed.headers.location]).toEqual([302, `${app.url}/auth/login?returnTo=%2Fx`]);
    },
  },
  {
    name: "a default provider takes the place of the page of choices",
    another,
    options: { defaultProvider: "code" },
    async run(app) {
      const browser = app.browser();
      await signIn(app, browser, "/auth/login");
      expect((await sessionOf(browser)).provider).toBe("code");
      await signIn(app, browser, "/auth/login/work");
      expect((await sessionOf(browser)).provider).toBe("work");
    },
  },
  {
    name: "a callback of one provider refuses the sign-in of another, before the code is sent anywhere",
    another,
    async run(app) {
      const browser = app.browser();
      const { headers } = await browser.navigate("/auth/login/work");
      const callback = new URL(await callbackAfter(app, headers.location));
      const { work, code } = await requestsDuring(app, async () => {
        const mixedUp = await browser.navigate(`/auth/callback/code${callback.search}`);
        expectErrorPage(mixedUp, 400, "issuer_mismatch");
      });
      expect([work, code].flat()).not.toContain("token");
      // The sign-in is used up: the code does not pass at its own callback either.
      expectErrorPage(await browser.navigate(callback.href), 400, "no_transaction");
      expect(await sessionOf(browser)).toBeNull();
    },
  },
  {
    name: "two users with the same subject at two providers have nothing in common",
    another,
    async run(app) {
      const browser = app.browser();
      await signIn(app, browser, "/auth/login/work");
      await browser.fetch("/update?cart=book");
      await signIn(app, browser, "/auth/login/work");
      expect((await sessionOf(browser)).data).toEqual({ cart: "book" });
      await signIn(app, browser, "/auth/login/code");
      expect(await sessionOf(browser)).toMatchObject({ provider: "code", data: {} });
    },
  },
  {
    name: "a refresh, an update and a sign-out of a session leave it at its own provider",
    another,
    async run(app) {
      const browser = app.browser();
      await signIn(app, browser, "/auth/login/code");
      const { work, code } = await requestsDuring(app, async () => {
        expect((await browser.fetch("/token?force")).status).toBe(200);
        await browser.fetch("/update?cart=book");
        expect(await sessionOf(browser)).toMatchObject({ provider: "code", data: { cart: "book" } });
        const out = await browser.navigate("/leave", { method: "POST", headers: { origin: app.url } });
        expect(String(out.headers.location)).toMatch(`${app.another.issuer}/`);
        expect(new URL(String(out.headers.location)).searchParams.get("client_id")).toBe("code-client");
      });
      expect(work).toEqual([]);
      expect(code).toEqual(expect.arrayContaining(["token", "revocation"]));
      expect(await sessionOf(browser)).toBeNull();
    },
  },
  {
    name: "login and callback routes of names that no provider has are no routes",
    another,
    async run(app) {
      const browser = app.browser();
      const names = ["__proto__", "constructor", "toString", "other", "w%6Frk", "work/x", "WORK", "..%2Fwork", "%00"];
      for (const route of ["login", "callback"])
        for (const name of names) {
          const { status, setCookies } = await browser.navigate(`/auth/${route}/${name}?code=c&state=s`);
          expect([name, status, setCookies]).toEqual([name, 404, []]);
        }
      expect((await browser.navigate("/auth/callback?code=c&state=s")).status).toBe(404);
    },
  },
];
