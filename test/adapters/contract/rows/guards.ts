import { expect } from "vitest";
import type { Endpoint } from "../../../../adapters/testing/index.js";
import type { TestApp } from "../../../support/app.js";
import { end, type Row, withOptions } from "../row.js";

const POST = { method: "POST" };

/** How many requests an endpoint of the provider has received. */
const countOf = (app: TestApp, name: Endpoint): number =>
  app.provider.requests.filter(({ endpoint }) => endpoint === name).length;

export const guards: readonly Row[] = [
  {
    name: "a visitor without a session is redirected to sign in, and then back to the page",
    async run(app) {
      const browser = app.browser();
      const refused = await browser.navigate("/private?x=1&scope=admin");
      expect(refused.status).toBe(302);
      expect(refused.headers.location).toBe(`${app.url}/auth/login?returnTo=%2Fprivate%3Fx%3D1%26scope%3Dadmin`);
      const callback = await browser.signIn({ sub: "alice" }, refused.headers.location);
      expect(callback.headers.location).toBe(`${app.url}/private?x=1&scope=admin`);
      expect((await browser.navigate("/private")).body).toBe('{"sub":"alice"}');
    },
  },
  ...(
    [
      ["a script", {}],
      ["a prefetch", { "sec-fetch-mode": "navigate", "sec-purpose": "prefetch" }],
      ["a router's data request", { rsc: "1" }],
    ] as const
  ).map(
    ([what, headers]): Row => ({
      name: `${what} without a session gets 401 and no redirect`,
      async run(app) {
        const refused = await app.browser().fetch("/private", { headers: { ...headers } });
        expect(refused.status).toBe(401);
        expect(refused.headers.location).toBeUndefined();
        expect(JSON.parse(refused.body).error).toBe("not_authenticated");
        expect(refused.headers["cache-control"]).toBe("private, no-store");
      },
    }),
  ),
  {
    name: "a form posted without a session gets 401, because a redirect would lose the form",
    async run(app) {
      const headers = { "content-type": "application/x-www-form-urlencoded" };
      const refused = await app.browser().navigate("/private", { method: "POST", headers, body: "a=1" });
      expect(refused.status).toBe(401);
      expect(refused.headers.location).toBeUndefined();
    },
  },
];

export const signOut: readonly Row[] = [
  {
    name: "signing out deletes the session cookies and redirects to the provider with an `id_token_hint`",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      const headers = { origin: app.url, "sec-fetch-site": "same-origin" };
      const response = await browser.navigate("/auth/logout", { method: "POST", headers });
      expect(response.status).toBe(303);
      const target = new URL(String(response.headers.location));
      expect(target.origin).toBe("https://op.example");
      expect(target.searchParams.get("post_logout_redirect_uri")).toBe(`${app.url}/`);
      expect(target.searchParams.get("client_id")).toBe(app.provider.clientId);
      expect(target.searchParams.get("id_token_hint")).toMatch(/^ey/);
      expect(browser.jar.names()).toEqual([end]);
      expect((await browser.fetch("/private")).status).toBe(401);
    },
  },
  ...(
    [
      ["another site's form", "POST", { "sec-fetch-site": "cross-site" }, 403],
      ["another site's form, in an old browser", "POST", { "sec-fetch-site": "", origin: "https://evil.example" }, 403],
      ["a link on another site", "GET", { "sec-fetch-site": "cross-site" }, 405],
      ["a typed address", "GET", { "sec-fetch-site": "none" }, 405],
      ["a prefetch", "GET", { "sec-fetch-site": "same-origin", "sec-purpose": "prefetch" }, 403],
      ["a router's prefetch", "GET", { "sec-fetch-site": "same-origin", rsc: "1" }, 204],
    ] as const
  ).map(
    ([what, method, headers, status]): Row => ({
      name: `${what} does not sign the user out`,
      async run(app) {
        const browser = app.browser();
        await browser.signIn();
        const response = await browser.navigate("/auth/logout", { method, headers: { ...headers } });
        expect(response.status).toBe(status);
        expect(response.setCookies).toEqual([]);
        expect((await browser.fetch("/private")).status).toBe(200);
      },
    }),
  ),
  {
    name: "a link on the app's own page signs the user out",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      const headers = { "sec-fetch-site": "same-origin" };
      expect((await browser.navigate("/auth/logout", { headers })).status).toBe(302);
      expect((await browser.fetch("/private")).status).toBe(401);
    },
  },
  {
    name: "the app's code can sign the user out",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      const response = await browser.navigate("/leave", { method: "POST" });
      expect(response.status).toBe(303);
      expect(new URL(String(response.headers.location)).origin).toBe("https://op.example");
      expect((await browser.fetch("/private")).status).toBe(401);
    },
  },
  {
    name: "`logout` with `local: true` leaves the provider's session, revokes the refresh token, and returns to the app",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      const revoked = countOf(app, "revocation");
      const response = await browser.navigate(withOptions("/leave", { local: true, returnTo: "/bye" }), POST);
      expect([response.status, response.headers.location]).toEqual([303, `${app.url}/bye`]);
      expect(countOf(app, "revocation")).toBe(revoked + 1);
      expect((await browser.fetch("/private")).status).toBe(401);
    },
  },
  {
    name: "`logout` with `params` sends them to the provider's end_session endpoint",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      const response = await browser.navigate(withOptions("/leave", { params: { federated: "" } }), POST);
      const target = new URL(String(response.headers.location));
      expect([response.status, target.origin]).toEqual([303, "https://op.example"]);
      expect(target.searchParams.get("federated")).toBe("");
      expect(target.searchParams.get("client_id")).toBe(app.provider.clientId);
      expect((await browser.fetch("/private")).status).toBe(401);
    },
  },
  {
    name: "`logout`, called with the request that the runtime passed, takes the same options",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      const response = await browser.navigate(withOptions("/own/leave", { local: true, returnTo: "/bye" }), POST);
      expect([response.status, response.headers.location]).toEqual([303, `${app.url}/bye`]);
      expect((await browser.fetch("/private")).status).toBe(401);
    },
  },
  {
    name: "a response that arrives after a sign-out does not restore the session",
    async run(app) {
      const browser = app.browser();
      await browser.signIn();
      app.clock.advance(400);
      const slow = await browser.fetch("/update?color=blue", { hold: true });
      expect(slow.setCookies.length).toBeGreaterThan(0);
      await browser.navigate("/leave", { method: "POST" });
      slow.deliver();
      expect((await browser.fetch("/private")).status).toBe(401);
    },
  },
];
