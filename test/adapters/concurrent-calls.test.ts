import type { Express, Request, Response } from "express";
import { afterEach, describe, expect, test } from "vitest";
import type { AuthOptions } from "../../adapters/lib/auth-options.js";
import { startApp, type TestApp, type TestBrowser } from "../support/app.js";

const apps: TestApp[] = [];
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
});

type Serve = (req: Request, res: Response) => unknown;

/** Starts an app that calls `serve` for GET /serve, and signs alice in with a browser. */
async function start(serve: Serve, options: AuthOptions = {}): Promise<{ app: TestApp; browser: TestBrowser }> {
  const extend = (express: Express) => {
    express.get("/serve", async (req, res) => {
      await serve(req, res);
      if (!res.headersSent) res.json({});
    });
  };
  const app = await startApp({ extend, options: { scope: "openid offline_access", ...options } });
  apps.push(app);
  const browser = app.browser();
  await browser.signIn();
  app.events.length = 0;
  return { app, browser };
}

/** "ok", or the name and the code of the promise's error. */
const outcomeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "ok",
    (error) => `${error.name} ${error.code}`,
  );

/** Waits for this many turns of the microtask queue. */
const microtasks = async (count: number) => {
  for (let turn = 0; turn < count; turn++) await undefined;
};

const dataOf = async (browser: TestBrowser) => JSON.parse((await browser.fetch("/")).body).session?.data;

const TOO_LARGE = { bulk: "x".repeat(20_000) };
const A = { audience: "https://a.example" };
const B = { audience: "https://b.example" };

describe("concurrent calls in one request", () => {
  test("a sign-in sets its transaction cookie, even if a concurrent update fails", async () => {
    const { browser } = await start(async (req) => {
      const calls = [() => req.auth.login(), () => outcomeOf(req.auth.update(TOO_LARGE))];
      if (req.query["first"] === "update") calls.reverse();
      const first = calls[0]?.();
      await microtasks(Number(req.query["turns"]));
      await Promise.all([first, calls[1]?.()]);
    });
    for (const first of ["login", "update"]) {
      for (let turn = 0; turn < 24; turn++) {
        const { status, setCookies } = await browser.navigate(`/serve?first=${first}&turns=${turn}`);
        const transactions = setCookies.filter((line) => line.includes(".tx.") && !line.includes("Max-Age=0"));
        expect([first, turn, status, transactions.length]).toEqual([first, turn, 302, 1]);
      }
    }
  });

  test("refreshes for several audiences are all stored", async () => {
    const { app, browser } = await start((req) =>
      Promise.all([req.auth.getAccessToken(A), req.auth.getAccessToken(B)]),
    );
    await browser.fetch("/serve");
    const refreshes = () => app.events.filter(({ type }) => type === "refreshed").length;
    expect(refreshes()).toBe(2);
    await browser.fetch("/serve");
    expect(refreshes()).toBe(2);
  });

  test("a refresh for another audience does not overwrite a concurrent refresh", async () => {
    const tokens: string[] = [];
    const { browser } = await start(async (req) => {
      const isFirst = tokens.length === 0;
      const calls = [req.auth.getAccessToken({ refresh: isFirst })];
      if (isFirst) calls.push(req.auth.getAccessToken(A));
      tokens.push((await Promise.all(calls))[0] ?? "");
    });
    await browser.fetch("/serve");
    await browser.fetch("/serve");
    expect(tokens[0]).toMatch(/./);
    expect(tokens[1]).toBe(tokens[0]);
  });

  test("a refresh during a sign-out succeeds or fails with no_session, and the user is signed out", async () => {
    const outcomes: string[] = [];
    const { browser } = await start(async (req) => {
      const refreshing = outcomeOf(req.auth.getAccessToken({ refresh: true }));
      await microtasks(Number(req.query["turns"]));
      await req.auth.logout();
      outcomes.push(await refreshing);
    });
    for (let turn = 0; turn < 12; turn++) {
      await browser.navigate(`/serve?turns=${turn}`);
      expect(await dataOf(browser)).toBeUndefined();
      await browser.signIn();
    }
    expect(new Set([...outcomes, "ok", "ExchangeError no_session"]).size).toBe(2);
    expect(outcomes).toContain("ExchangeError no_session");
  });

  test("an update called inside the function of another update is applied after it", async () => {
    const { browser } = await start(async (req) => {
      let inner: Promise<void> | undefined;
      await req.auth.update((data) => {
        inner = req.auth.update({ inner: 1 });
        return { ...data, outer: 1 };
      });
      await inner;
    });
    await browser.fetch("/serve");
    expect(await dataOf(browser)).toEqual({ outer: 1, inner: 1 });
  });
});

test("a failed update does not change the session, even if its function modified the data in place", async () => {
  let outcome = "";
  const { browser } = await start(async (req) => {
    outcome = await outcomeOf(req.auth.update((data) => Object.assign(data, TOO_LARGE)));
    await req.auth.update({ small: 1 });
  });
  await browser.fetch("/serve");
  expect([outcome, await dataOf(browser)]).toEqual(["CookieTooLargeError cookie_too_large", { small: 1 }]);
});

describe("when the headers are sent during a call", () => {
  test("an update is rejected if, and only if, its cookie was not sent", async () => {
    let outcome = "";
    const { browser } = await start(async (req, res) => {
      const updating = outcomeOf(req.auth.update({ at: req.query["turns"] }));
      await microtasks(Number(req.query["turns"]));
      res.flushHeaders();
      outcome = await updating;
      res.end();
    });
    for (let turn = 0; turn < 30; turn++) {
      const { setCookies } = await browser.fetch(`/serve?turns=${turn}`);
      const isSent = setCookies.some((line) => line.includes(".id."));
      expect([turn, outcome]).toEqual([turn, isSent ? "ok" : "MisuseError headers_sent"]);
    }
  });

  test("a refresh that cannot be stored returns its token for this request, and emits a `failed` event", async () => {
    const tokens: string[] = [];
    const { app, browser } = await start(async (req, res) => {
      const refreshing = req.auth.getAccessToken({ refresh: true });
      await new Promise((resolve) => setTimeout(resolve, 20));
      res.flushHeaders();
      release();
      tokens.push(await refreshing, await req.auth.getAccessToken());
      res.end();
    });
    const release = app.holdProvider();
    const { setCookies } = await browser.fetch("/serve");
    expect(setCookies).toEqual([]);
    expect(tokens[0]).toMatch(/./);
    expect(tokens[1]).toBe(tokens[0]);
    const events = app.events.filter(({ type }) => type !== "transition" && type !== "session_opened");
    const error = expect.objectContaining({ name: "ExchangeError", code: "refresh_required" });
    expect(events).toEqual([{ at: app.clock.now(), type: "failed", code: "refresh_required", error }]);
  });
});
