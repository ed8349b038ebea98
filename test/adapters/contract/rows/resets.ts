import { expect } from "vitest";
import type { AnswerOptions, StalledEndpoint, TestApp, TestBrowser } from "../../../support/app.js";
import { begin, expectErrorPage, isSignedIn, type Row } from "../row.js";

/** Seconds that a request to the provider may take in these rows. */
const HTTP_TIMEOUT = 2;

/** The result of `run`, which must be there within `httpTimeout` and a second. */
async function inTime<T>(what: string, run: () => Promise<T>): Promise<T> {
  const startedAt = performance.now();
  const result = await run();
  expect((performance.now() - startedAt) / 1000, `${what}: seconds`).toBeLessThan(HTTP_TIMEOUT + 1);
  return result;
}

/** Resets the connection of a request while the provider is asked at this endpoint; the provider answers right after. */
async function resetAt(
  app: TestApp,
  endpoint: StalledEndpoint,
  browser: TestBrowser,
  path: string,
  options: AnswerOptions,
): Promise<void> {
  const stalled = app.stall(endpoint);
  await browser.abandon(path, stalled.reached, options);
  // Until the runtime has noticed.
  await new Promise((resolve) => setTimeout(resolve, 100));
  stalled.end();
}

/** Somebody else signs in, with each step in time. */
async function othersSignIn(app: TestApp, options: AnswerOptions): Promise<void> {
  const browser = app.browser();
  const login = await inTime("login", () => browser.navigate("/auth/login", options));
  expect(login.status).toBe(302);
  const { url } = await app.provider.authorize(String(login.headers.location), { user: { sub: "bob" } });
  const callback = await inTime("callback", () => browser.navigate(url, options));
  expect([callback.status, callback.headers.location]).toEqual([302, `${app.url}/`]);
  const token = await inTime("token", () => browser.fetch("/token?force", options));
  expect(JSON.parse(token.body)).toEqual({ token: expect.stringMatching(/./) });
}

/** The documents of the provider are loaded again after ten minutes. */
const forgetDocuments = (app: TestApp) => app.clock.advance(601);

const resetsOf = (headers: Record<string, string>) => async (app: TestApp) => {
  const options = { headers };
  // The first request that the app gets, and one after the documents were forgotten.
  await resetAt(app, "discovery", app.browser(), "/auth/login", options);
  await othersSignIn(app, options);
  forgetDocuments(app);
  await resetAt(app, "discovery", app.browser(), "/auth/login", options);
  await othersSignIn(app, options);
  for (const endpoint of ["jwks", "token"] as const) {
    const browser = app.browser();
    forgetDocuments(app);
    const { href } = await begin(app, browser);
    await resetAt(app, endpoint, browser, href, options);
    await othersSignIn(app, options);
    // The person whose connection was reset tries again.
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
  await othersSignIn(app, options);
};

/** The same at the endpoints that not every app asks. */
const resetsAtOthers = (headers: Record<string, string>) => async (app: TestApp) => {
  const sentTo = (asked: string) => app.provider.requests.filter(({ endpoint }) => endpoint === asked).length;
  await resetAt(app, "par", app.browser(), "/auth/login", { headers });
  await othersSignIn(app, { headers });
  const browser = app.browser();
  const { href } = await begin(app, browser);
  await resetAt(app, "userinfo", browser, href, { headers });
  await othersSignIn(app, { headers });
  expect([sentTo("par"), sentTo("userinfo")]).toEqual([expect.toSatisfy(isPositive), expect.toSatisfy(isPositive)]);
};
const isPositive = (count: number) => count > 0;

/** A session whose refresh was under way when its connection was reset. */
const refreshIsReset = (headers: Record<string, string>, endpoint: "jwks" | "token") => async (app: TestApp) => {
  const options = { headers };
  const browser = app.browser();
  await browser.signIn();
  if (endpoint === "jwks") forgetDocuments(app);
  await resetAt(app, endpoint, browser, "/token?force", options);
  const answer = await inTime("the same session", () => browser.fetch("/token?force", options));
  await othersSignIn(app, options);
  return { browser, answer };
};

/** A sign-in that the provider refuses while the keys that it asked for are still under way. */
const refusedWhileKeysAreFetched = (headers: Record<string, string>) => async (app: TestApp) => {
  const browser = app.browser();
  forgetDocuments(app);
  const { href } = await begin(app, browser);
  app.provider.misbehave({ fault: "invalid_grant", endpoint: "token" }, { times: 1 });
  const stalled = app.stall("jwks");
  const answer = browser.navigate(href, { headers });
  await stalled.reached;
  // Until the token endpoint has refused the code.
  await new Promise((resolve) => setTimeout(resolve, 200));
  stalled.end();
  expectErrorPage(await answer, 400, "code_rejected");
  const startedAt = performance.now();
  await othersSignIn(app, { headers });
  // Whoever waits in vain waits longer than this.
  expect((performance.now() - startedAt) / 1000).toBeLessThan(HTTP_TIMEOUT);
};

/** Each row has an app of its own, which has loaded nothing yet. */
const options = { httpTimeout: HTTP_TIMEOUT };
/** A provider that takes pushed requests (RFC 9126), and all else that it does otherwise. */
const pushed = { offer: { par: true } };

export const resets: readonly Row[] = [
  {
    name: "a connection that is reset while the provider is asked keeps nobody waiting",
    options,
    run: resetsOf({}),
  },
  {
    name: "nor at the endpoints for pushed requests and for claims of a user",
    options: { ...options, userinfo: true },
    provider: pushed,
    run: resetsAtOthers({}),
  },
  {
    name: "a session whose refresh was under way when its connection was reset has its token, now and a minute later",
    options,
    async run(app) {
      for (const endpoint of ["jwks", "token"] as const) {
        const { browser, answer } = await refreshIsReset({}, endpoint)(app);
        expect([endpoint, JSON.parse(answer.body)]).toEqual([endpoint, { token: expect.stringMatching(/./) }]);
        app.clock.advance(60);
        const later = await browser.fetch("/token?force");
        expect([endpoint, JSON.parse(later.body)]).toEqual([endpoint, { token: expect.stringMatching(/./) }]);
      }
    },
  },
  {
    name: "a sign-in that fails while the keys are fetched leaves no fetch behind that others would wait for",
    options,
    run: refusedWhileKeysAreFetched({}),
  },
];

/** Asks for an app that does not hand on what its runtime passes beside the request: nothing keeps its requests alive. */
const alone = { "x-test-alone": "1" };

/** The same for such an app, on runtimes that pass something. */
export const resetsAlone: readonly Row[] = [
  {
    name: "a connection that is reset while the provider is asked keeps nobody waiting",
    options,
    run: resetsOf(alone),
  },
  {
    name: "nor at the endpoints for pushed requests and for claims of a user",
    options: { ...options, userinfo: true },
    provider: pushed,
    run: resetsAtOthers(alone),
  },
  {
    name: "a refresh that went with its request holds up its session no longer than a request to the provider may take",
    options,
    async run(app) {
      for (const endpoint of ["jwks", "token"] as const) {
        const { browser, answer } = await refreshIsReset(alone, endpoint)(app);
        expect([200, 401]).toContain(answer.status);
        await browser.signIn();
        expect(await isSignedIn(browser)).toBe(true);
      }
    },
  },
  {
    name: "a sign-in that fails while the keys are fetched leaves no fetch behind that others would wait for",
    options,
    run: refusedWhileKeysAreFetched(alone),
  },
];
