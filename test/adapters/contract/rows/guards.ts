import { expect } from "vitest";
import type { Endpoint } from "../../../../adapters/testing/index.js";
import type { TestApp, TestBrowser } from "../../../support/app.js";
import { end, expectErrorPage, type Row, withOptions } from "../row.js";

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

/** The path of the guard with this requirement. */
const guarded = (requirement: object): string =>
  `/guarded?${new URLSearchParams({ requirement: JSON.stringify(requirement) })}`;

/** Follows the redirects of a page to the provider, and returns the URL there. */
async function urlAtProvider(browser: TestBrowser, path: string): Promise<string> {
  let location = path;
  for (let redirects = 0; redirects < 3 && !location.startsWith("https://op.example"); redirects++)
    location = String((await browser.navigate(location)).headers.location);
  return location;
}

/** Requirements that the user of {@link requirements} does not meet. */
const unmet: readonly (readonly [what: string, requirement: object])[] = [
  ["a claim with another value", { claims: { name: "Bob" } }],
  ["a list without the value", { claims: { roles: "owner" } }],
  ["a claim that the user has not", { claims: { department: "billing" } }],
  ["a claim of another type", { claims: { level: "3" } }],
  ["a name that every object has", { claims: { constructor: "Object" } }],
  ["one of two claims", { claims: { roles: "billing", name: "Bob" } }],
  ["a scope that was not granted", { allow: "scope: openid payments" }],
  ["a function that refuses", { allow: "bob" }],
];

const ALICE = { sub: "alice", name: "Alice", roles: ["billing", "staff"], level: 3 };

/** What guards require of a session. The Pages Router has guards of API routes: they answer with JSON. */
export const requirements: readonly Row[] = [
  {
    name: "a guard lets a user pass whose claims fit, and whom its function allows",
    async run(app) {
      const browser = app.browser();
      await browser.signIn(ALICE);
      for (const requirement of [
        {},
        { claims: { roles: "billing", level: 3 }, allow: "alice" },
        { allow: "scope: openid profile" },
      ]) {
        const response = await browser.fetch(guarded(requirement));
        expect([response.status, JSON.parse(response.body)]).toEqual([200, { sub: "alice", data: {} }]);
      }
    },
  },
  {
    name: "a script of a user who does not meet a guard's requirement gets 403 JSON",
    async run(app) {
      const browser = app.browser();
      await browser.signIn(ALICE);
      for (const [what, requirement] of unmet) {
        const response = await browser.fetch(guarded(requirement));
        expect([what, response.status, JSON.parse(response.body)]).toEqual([what, 403, { error: "forbidden" }]);
        expect(response.headers["cache-control"]).toBe("private, no-store");
      }
      expect((await browser.fetch("/private")).status).toBe(200);
    },
  },
  {
    name: "a page of a user who does not meet a guard's requirement is an error page with status 403, and no redirect",
    async run(app) {
      const browser = app.browser();
      await browser.signIn(ALICE);
      for (const [, requirement] of unmet) {
        const response = await browser.navigate(guarded(requirement));
        expectErrorPage(response, 403, "forbidden");
        expect(response.headers.location).toBeUndefined();
        expect(response.body).toContain("<h1>You may not open this page</h1>");
      }
      expect((await browser.fetch("/private")).status).toBe(200);
    },
  },
  {
    name: "a visitor without a session is redirected to sign in by a guard with a requirement, and a script gets 401",
    async run(app) {
      const browser = app.browser();
      const requirement = { claims: { roles: "billing" } };
      expect((await browser.fetch(guarded(requirement))).status).toBe(401);
      const refused = await browser.navigate(guarded(requirement));
      expect([refused.status, refused.headers.location]).toEqual([
        302,
        `${app.url}/auth/login?${new URLSearchParams({ returnTo: guarded(requirement) })}`,
      ]);
    },
  },
  {
    name: "a guard with `stepUp` sends the user to sign in with them once, and then lets the user pass",
    async run(app) {
      const browser = app.browser();
      await browser.signIn(ALICE);
      await browser.fetch("/update?color=blue");
      const path = guarded({ stepUp: { maxAge: 300, acrValues: ["phr", "phrh"] } });
      const url = await urlAtProvider(browser, path);
      const { searchParams } = new URL(url);
      expect([searchParams.get("max_age"), searchParams.get("acr_values")]).toEqual(["300", "phr phrh"]);
      const back = await app.provider.authorize(url, { user: ALICE });
      const callback = await browser.navigate(back.url);
      expect(callback.headers.location).toBe(app.url + path);
      const passed = { sub: "alice", data: { color: "blue" }, acr: "phr" };
      expect(JSON.parse((await browser.navigate(path)).body)).toEqual(passed);
      // An update keeps what the guard checks.
      await browser.fetch("/update?color=red");
      expect((await browser.navigate(path)).status).toBe(200);
      app.clock.advance(400);
      expect((await browser.navigate(path)).status).toBe(302);
    },
  },
  {
    name: "a script of a user who must sign in again gets 403 JSON that says with which options",
    async run(app) {
      const browser = app.browser();
      await browser.signIn(ALICE);
      const response = await browser.fetch(guarded({ stepUp: { maxAge: 300, acrValues: ["phr", "phrh"] } }));
      const body = { error: "step_up_required", maxAge: 300, acrValues: ["phr", "phrh"] };
      expect([response.status, JSON.parse(response.body)]).toEqual([403, body]);
    },
  },
  {
    name: "a provider that signs the user in by less than a guard requires leads to an error page, and to no second sign-in",
    async run(app) {
      const browser = app.browser();
      await browser.signIn(ALICE);
      for (const [requirement, claims, code] of [
        [{ stepUp: { acrValues: ["phr"] } }, { acr: "0" }, "authentication_too_weak"],
        [{ stepUp: { maxAge: 300 } }, { auth_time: app.clock.now() / 1000 - 1000 }, "authentication_too_old"],
      ] as const) {
        const url = await urlAtProvider(browser, guarded(requirement));
        const back = await app.provider.authorize(url, { user: { ...ALICE, ...claims } });
        expectErrorPage(await browser.navigate(back.url), 403, code);
      }
      expect((await browser.fetch("/private")).status).toBe(200);
    },
  },
  {
    name: "a login URL that no guard made asks the provider for nothing",
    async run(app) {
      const browser = app.browser();
      const login = await browser.navigate("/auth/login?sealed=e30.e30&max_age=0&acr_values=phr&maxAge=0");
      const { searchParams } = new URL(String(login.headers.location));
      expect([searchParams.get("max_age"), searchParams.get("acr_values")]).toEqual([null, null]);
    },
  },
  {
    name: "`login` with `maxAge` and `acrValues` asks for them, and refuses an ID Token that does not fit",
    async run(app) {
      const browser = app.browser();
      const login = withOptions("/enter", { maxAge: 60, acrValues: ["phr"] });
      expect((await browser.signIn(ALICE, login)).status).toBe(302);
      expect(JSON.parse((await browser.fetch("/guarded")).body).acr).toBe("phr");
      expectErrorPage(await browser.signIn({ ...ALICE, acr: "phrh" }, login), 403, "authentication_too_weak");
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
