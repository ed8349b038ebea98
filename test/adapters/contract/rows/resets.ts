import { expect } from "vitest";
import type { AnswerOptions, StalledEndpoint, TestApp, TestBrowser } from "../../../support/app.js";
import { expectErrorPage, isSignedIn, type Row, signInUntilCallback } from "../row.js";

/** The time limit for a request to the provider in these rows, in seconds. */
const HTTP_TIMEOUT = 2;

/** Expects `run` to finish within `httpTimeout` and a second. Returns its result. */
async function inTime<T>(what: string, run: () => Promise<T>): Promise<T> {
  const startedAt = performance.now();
  const result = await run();
  expect((performance.now() - startedAt) / 1000, `${what}: seconds`).toBeLessThan(HTTP_TIMEOUT + 1);
  return result;
}

/** Resets a request's connection while the app waits for this endpoint of the provider, which then responds. */
async function resetAt(
  app: TestApp,
  endpoint: StalledEndpoint,
  browser: TestBrowser,
  path: string,
  options: AnswerOptions,
): Promise<void> {
  const stalled = app.stall(endpoint);
  await browser.abandon(path, stalled.reached, options);
  // Wait until the runtime has noticed the reset.
  await new Promise((resolve) => setTimeout(resolve, 100));
  stalled.end();
}

/** Signs in another user, and expects each step to finish in time. */
async function signInAnotherUser(app: TestApp, options: AnswerOptions): Promise<void> {
  const browser = app.browser();
  const login = await inTime("login", () => browser.navigate("/auth/login", options));
  expect(login.status).toBe(302);
  const { url } = await app.provider.authorize(String(login.headers.location), { user: { sub: "bob" } });
  const callback = await inTime("callback", () => browser.navigate(url, options));
  expect([callback.status, callback.headers.location]).toEqual([302, `${app.url}/`]);
  const token = await inTime("token", () => browser.fetch("/token?force", options));
  expect(JSON.parse(token.body)).toEqual({ token: expect.stringMatching(/./) });
}

/** Lets ten minutes pass, after which the app fetches the discovery document and the key set again. */
const expireDocuments = (app: TestApp) => app.clock.advance(601);

const resetAtEachEndpoint = (headers: Record<string, string>) => async (app: TestApp) => {
  const options = { headers };
  // First with a new app, then with an app whose documents have expired.
  await resetAt(app, "discovery", app.browser(), "/auth/login", options);
  await signInAnotherUser(app, options);
  expireDocuments(app);
  await resetAt(app, "discovery", app.browser(), "/auth/login", options);
  await signInAnotherUser(app, options);
  for (const endpoint of ["jwks", "token"] as const) {
    const browser = app.browser();
    expireDocuments(app);
    const { href } = await signInUntilCallback(app, browser);
    await resetAt(app, endpoint, browser, href, options);
    await signInAnotherUser(app, options);
    // The user whose connection was reset tries again.
    await browser.signIn();
    expect(await isSignedIn(browser)).toBe(true);
  }
  const browser = app.browser();
  await browser.signIn();
  await resetAt(app, "userinfo", browser, "/api", options);
  const api = await inTime("API", () => browser.fetch("/api", options));
  expect(JSON.parse(api.body)).toMatchObject({ status: 200 });
  const logout = { method: "POST", headers: { ...headers, "sec-fetch-site": "same-origin" } };
  await resetAt(app, "revocation", browser, "/auth/logout", logout);
  await signInAnotherUser(app, options);
};

/** Like `resetAtEachEndpoint`, at the endpoints that an app uses only with special options. */
const resetAtOptionalEndpoints = (headers: Record<string, string>) => async (app: TestApp) => {
  const requestsTo = (name: string) => app.provider.requests.filter(({ endpoint }) => endpoint === name).length;
  await resetAt(app, "par", app.browser(), "/auth/login", { headers });
  await signInAnotherUser(app, { headers });
  const browser = app.browser();
  const { href } = await signInUntilCallback(app, browser);
  await resetAt(app, "userinfo", browser, href, { headers });
  await signInAnotherUser(app, { headers });
  expect(requestsTo("par")).toBeGreaterThan(0);
  expect(requestsTo("userinfo")).toBeGreaterThan(0);
};

/** Resets a session's connection during a refresh, then asks for its token again. */
const resetDuringRefresh = (headers: Record<string, string>, endpoint: "jwks" | "token") => async (app: TestApp) => {
  const options = { headers };
  const browser = app.browser();
  await browser.signIn();
  if (endpoint === "jwks") expireDocuments(app);
  await resetAt(app, endpoint, browser, "/token?force", options);
  const response = await inTime("the same session", () => browser.fetch("/token?force", options));
  await signInAnotherUser(app, options);
  return { browser, response };
};

/** The token endpoint refuses a code while the key set for that sign-in is still being fetched. */
const failDuringKeyFetch = (headers: Record<string, string>) => async (app: TestApp) => {
  const browser = app.browser();
  expireDocuments(app);
  const { href } = await signInUntilCallback(app, browser);
  app.provider.misbehave({ fault: "invalid_grant", endpoint: "token" }, { times: 1 });
  const stalled = app.stall("jwks");
  const response = browser.navigate(href, { headers });
  await stalled.reached;
  // Wait until the token endpoint has refused the code.
  await new Promise((resolve) => setTimeout(resolve, 200));
  stalled.end();
  expectErrorPage(await response, 400, "code_rejected");
  const startedAt = performance.now();
  await signInAnotherUser(app, { headers });
  // A request that waited for the abandoned fetch would take longer than this.
  expect((performance.now() - startedAt) / 1000).toBeLessThan(HTTP_TIMEOUT);
};

/** Because of its options each row has its own app, which has fetched no documents yet. */
const options = { httpTimeout: HTTP_TIMEOUT };
/** A provider that also supports pushed authorization requests (RFC 9126). */
const pushedRequests = { offer: { par: true } };

export const resets: readonly Row[] = [
  {
    name: "a connection reset during a request to the provider does not delay other requests",
    options,
    run: resetAtEachEndpoint({}),
  },
  {
    name: "a connection reset during a request to the PAR or the userinfo endpoint does not delay other requests",
    options: { ...options, userinfo: true },
    provider: pushedRequests,
    run: resetAtOptionalEndpoints({}),
  },
  {
    name: "a session whose connection was reset during a refresh still gets its token, at once and a minute later",
    options,
    async run(app) {
      for (const endpoint of ["jwks", "token"] as const) {
        const { browser, response } = await resetDuringRefresh({}, endpoint)(app);
        expect([endpoint, JSON.parse(response.body)]).toEqual([endpoint, { token: expect.stringMatching(/./) }]);
        app.clock.advance(60);
        const later = await browser.fetch("/token?force");
        expect([endpoint, JSON.parse(later.body)]).toEqual([endpoint, { token: expect.stringMatching(/./) }]);
      }
    },
  },
  {
    name: "a sign-in that fails while the key set is fetched does not delay other requests",
    options,
    run: failDuringKeyFetch({}),
  },
];

/** Tells the test app not to pass the runtime's execution context to latchkey, so that no `waitUntil` keeps work alive. */
const withoutContext = { "x-test-without-context": "1" };

/** The rows for an app without execution context, on runtimes that have one. */
export const resetsWithoutContext: readonly Row[] = [
  {
    name: "a connection reset during a request to the provider does not delay other requests",
    options,
    run: resetAtEachEndpoint(withoutContext),
  },
  {
    name: "a connection reset during a request to the PAR or the userinfo endpoint does not delay other requests",
    options: { ...options, userinfo: true },
    provider: pushedRequests,
    run: resetAtOptionalEndpoints(withoutContext),
  },
  {
    name: "a refresh cancelled with its request delays the session for `httpTimeout` at most",
    options,
    async run(app) {
      for (const endpoint of ["jwks", "token"] as const) {
        const { browser, response } = await resetDuringRefresh(withoutContext, endpoint)(app);
        // 503: the provider may have spent the token of the cancelled request.
        expect([200, 503]).toContain(response.status);
        await browser.signIn();
        expect(await isSignedIn(browser)).toBe(true);
      }
    },
  },
  {
    name: "a sign-in that fails while the key set is fetched does not delay other requests",
    options,
    run: failDuringKeyFetch(withoutContext),
  },
];
