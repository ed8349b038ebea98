import { afterEach, describe, expect, test } from "vitest";
import { createMemoryStore } from "../../adapters/index.js";
import type { AuthOptions } from "../../adapters/lib/auth-options.js";
import { CookieTooLargeError } from "../../core/errors.js";
import { type Framework, startApp, type TestApp } from "../support/app.js";
import { edgeApp } from "../support/edge-app.js";
import { expressApps } from "../support/express-app.js";
import { nodeApp } from "../support/node-app.js";

// No limit cuts silently: what a user may well send passes, and anything larger is an error that names the limit.

const frameworks: ReadonlyArray<readonly [string, Framework]> = [
  ["Express 5", expressApps["Express 5"]],
  ["node:http", nodeApp],
  ["edge", edgeApp],
];

let app: TestApp | undefined;
afterEach(() => app?.close());

const failures = ({ events }: TestApp) => events.flatMap((event) => (event.type === "failed" ? [event.error] : []));

describe.each(frameworks)("a page to come back to, %s", (_name, framework) => {
  test.each<[what: string, target: string]>([
    ["513 characters", `/private?q=${"x".repeat(502)}`],
    ["2,000 characters", `/private?q=${"x".repeat(1989)}`],
    ["100 umlauts, encoded", `/private?q=${encodeURIComponent("\u00e4".repeat(100))}`],
    ["200 ideographs, encoded", `/private?q=${encodeURIComponent("\u6f22".repeat(200))}`],
    ["many parameters", `/private?${Array.from({ length: 100 }, (_, at) => `filter[${at}]=a%26b`).join("&")}`],
  ])("has %s", async (_what, target) => {
    app = await startApp({ framework });
    const visitor = app.browser();
    const guarded = await visitor.navigate(target);
    expect(guarded.status).toBe(302);
    const callback = await visitor.signIn({ sub: "alice" }, String(guarded.headers.location));
    const returned = new URL(String(callback.headers.location));
    expect(returned.href).toBe(new URL(target, app.url).href);
    expect((await visitor.navigate(returned.href)).status).toBe(200);
  });

  test.each([3_500, 9_000, 14_000])(
    "has %i characters, which fit into no cookie: an error names the limit",
    async (length) => {
      app = await startApp({ framework });
      const visitor = app.browser();
      const login = await visitor.navigate(`/auth/login?returnTo=/${"x".repeat(length)}`);
      expect([login.status, login.headers.location, visitor.jar.names()]).toEqual([400, undefined, []]);
      expect(login.body).toContain("<code>sign_in_too_large</code>");
      expect(login.body).toContain(`href="${app.url}/auth/login?returnTo=%2F"`);
      const [{ cause } = {}] = failures(app);
      expect(cause).toBeInstanceOf(CookieTooLargeError);
      expect(cause).toMatchObject({ limit: 4054, largest: [{ field: "returnTo", bytes: length + 3 }, {}, {}] });
      expect((cause as Error).message).toMatch(/\d+ bytes of cookies, 4054 at most; largest: returnTo/);
    },
  );
});

describe.each(frameworks)("an app's state, %s", (_name, framework) => {
  const enter = (appState: unknown, returnTo = "/") =>
    `/enter?options=${encodeURIComponent(JSON.stringify({ appState, returnTo }))}`;

  test("of 500 characters that have two bytes each arrives", async () => {
    const states: unknown[] = [];
    app = await startApp({ framework, options: { onSignIn: ({ appState }) => void states.push(appState) } });
    await app.browser().signIn({ sub: "alice" }, enter("\u00e4".repeat(500)));
    expect(states).toEqual(["\u00e4".repeat(500)]);
  });

  test("that does not fit beside the page to come back to is an error", async () => {
    app = await startApp({ framework });
    const login = await app.browser().navigate(enter("\u6f22".repeat(900), `/${"x".repeat(1_500)}`));
    expect(login.body).toContain("<code>sign_in_too_large</code>");
    expect(failures(app)[0]?.cause).toMatchObject({ largest: [{ field: "appState" }, { field: "returnTo" }, {}] });
  });
});

describe.each(frameworks)("parameters that go on to the provider, %s", (_name, framework) => {
  test.each([
    ["a long one", "login_hint", ["x".repeat(2_000)]],
    ["one that is repeated", "resource", ["https://a.example", "https://b.example"]],
    ["one that is empty", "ui_locales", [""]],
  ])("%s is whole", async (_what, name, values) => {
    app = await startApp({ framework, options: { allowedParams: [name] } });
    const query = new URLSearchParams(values.map((value) => [name, value]));
    const { headers } = await app.browser().navigate(`/auth/login?${query}`);
    expect(new URL(String(headers.location)).searchParams.getAll(name)).toEqual(values);
  });
});

describe.each(frameworks)("sign-ins in progress, %s", (_name, framework) => {
  test("ten tabs that a browser opens again all come back to their pages", async () => {
    app = await startApp({ framework });
    const { url, provider } = app;
    const visitor = app.browser();
    const backs: string[] = [];
    for (let tab = 0; tab < 10; tab++) {
      const login = await visitor.navigate(`/auth/login?returnTo=/tab/${tab}`);
      backs.push((await provider.authorize(String(login.headers.location), { user: { sub: "alice" } })).url);
      app.clock.advance(1);
    }
    for (const [tab, back] of backs.entries()) {
      expect((await visitor.navigate(back)).headers.location).toBe(`${url}/tab/${tab}`);
    }
  });
});

describe.each(frameworks)("an ID Token that alone makes the session too large, %s", (_name, framework) => {
  const user = {
    sub: "alice",
    name: "Alice",
    groups: Array.from({ length: 130 }, (_, at) => `cn=group-${at},ou=people,dc=example`),
  };
  const onSignIn: AuthOptions["onSignIn"] = ({ user: { name } }) => ({ user: { name } });

  async function endSession(options: Partial<AuthOptions>) {
    app = await startApp({ framework, options: { onSignIn, ...options } });
    const visitor = app.browser();
    const callback = await visitor.signIn(user);
    expect(callback.headers.location).toBe(`${app.url}/`);
    expect((await visitor.fetch("/private")).status).toBe(200);
    // The refresh brings an ID Token again.
    const token = await visitor.fetch("/token?force");
    expect(token.status).toBe(200);
    expect((await visitor.fetch("/update?x=1")).status).toBe(200);
    expect(visitor.jar.header(`${app.url}/`).length).toBeLessThan(7600);
    expect(failures(app)).toEqual([]);
    const logout = await visitor.fetch("/auth/logout", { method: "POST" });
    return new URL(String(logout.headers.location)).searchParams;
  }

  test("is left out", async () => {
    const parameters = await endSession({});
    expect([parameters.has("id_token_hint"), parameters.get("client_id")]).toEqual([false, "client"]);
    const written = (app as TestApp).events.filter(({ type }) => type === "id_token_left_out");
    // By the sign-in and by the refresh. The update found a session without an ID Token.
    expect(written).toHaveLength(2);
  });

  test("is left out by an update that needs its room", async () => {
    app = await startApp({ framework, options: { onSignIn } });
    const visitor = app.browser();
    await visitor.signIn({ ...user, groups: user.groups.slice(0, 60) });
    const leftOut = () => app?.events.some(({ type }) => type === "id_token_left_out");
    expect(leftOut()).toBe(false);
    expect((await visitor.fetch(`/update?bulk=${"z".repeat(3_000)}`)).status).toBe(200);
    expect(leftOut()).toBe(true);
    expect((await visitor.fetch("/token?force")).status).toBe(200);
    expect((await visitor.fetch("/private")).status).toBe(200);
  });

  test("is left out beside a store too", async () => {
    expect((await endSession({ store: createMemoryStore() })).has("id_token_hint")).toBe(false);
  });

  test("stays where the store has the session", async () => {
    expect((await endSession({ store: createMemoryStore(), session: { storage: "store" } })).has("id_token_hint")).toBe(
      true,
    );
  });

  test("does not help a session whose own data is too large", async () => {
    app = await startApp({ framework, options: { onSignIn: () => ({ user: { bulk: "x".repeat(9_000) } }) } });
    const callback = await app.browser().signIn(user);
    expect(callback.body).toContain("<code>session_too_large</code>");
    expect(failures(app)[0]?.cause).toMatchObject({ largest: [{ field: "data.user.bulk" }, {}, {}] });
  });
});

describe.each(frameworks)("`session.keepIdToken`, %s", (_name, framework) => {
  test.each([
    [undefined, true],
    [true, true],
    [false, false],
  ])("%s: the provider gets the ID Token at a sign-out: %s", async (keepIdToken, isSent) => {
    app = await startApp({ framework, options: { session: keepIdToken === undefined ? {} : { keepIdToken } } });
    const visitor = app.browser();
    await visitor.signIn();
    expect((await visitor.fetch("/token?force")).status).toBe(200);
    const { headers } = await visitor.fetch("/auth/logout", { method: "POST" });
    expect(new URL(String(headers.location)).searchParams.has("id_token_hint")).toBe(isSent);
  });
});
