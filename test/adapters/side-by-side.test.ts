import type { Express, Request, Response } from "express";
import { afterEach, describe, expect, test } from "vitest";
import type { AuthOptions } from "../../adapters/lib/config.js";
import { startApp, type TestApp, type TestBrowser } from "../support/app.js";

const apps: TestApp[] = [];
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
});

type Serve = (req: Request, res: Response) => unknown;

/** An app whose page does `serve`, and a browser that alice is signed in with. */
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

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "ok",
    (error) => `${error.name} ${error.code}`,
  );

const turns = async (count: number) => {
  for (let turn = 0; turn < count; turn++) await undefined;
};

const dataOf = async (browser: TestBrowser) => JSON.parse((await browser.fetch("/")).body).session?.data;

const TOO_LARGE = { bulk: "x".repeat(20_000) };
const A = { audience: "https://a.example" };
const B = { audience: "https://b.example" };

describe("calls of one request, side by side", () => {
  test("a sign-in that begins keeps its transaction, whatever an update beside it comes to", async () => {
    const { browser } = await start(async (req) => {
      const calls = [() => req.auth.login(), () => codeOf(req.auth.update(TOO_LARGE))];
      if (req.query["first"] === "update") calls.reverse();
      const first = calls[0]?.();
      await turns(Number(req.query["turns"]));
      await Promise.all([first, calls[1]?.()]);
    });
    for (const first of ["login", "update"]) {
      for (let turn = 0; turn < 24; turn++) {
        const { status, setCookies } = await browser.navigate(`/serve?first=${first}&turns=${turn}`);
        const started = setCookies.filter((line) => line.includes(".tx.") && !line.includes("Max-Age=0"));
        expect([first, turn, status, started.length]).toEqual([first, turn, 302, 1]);
      }
    }
  });

  test("refreshes for several audiences are all kept", async () => {
    const { app, browser } = await start((req) =>
      Promise.all([req.auth.getAccessToken(A), req.auth.getAccessToken(B)]),
    );
    await browser.fetch("/serve");
    const refreshed = () => app.events.filter(({ type }) => type === "refreshed").length;
    expect(refreshed()).toBe(2);
    await browser.fetch("/serve");
    expect(refreshed()).toBe(2);
  });

  test("a refresh is not undone by one for another audience", async () => {
    const given: string[] = [];
    const { browser } = await start(async (req) => {
      const asked = [req.auth.getAccessToken({ refresh: given.length === 0 })];
      if (given.length === 0) asked.push(req.auth.getAccessToken(A));
      given.push((await Promise.all(asked))[0] ?? "");
    });
    await browser.fetch("/serve");
    await browser.fetch("/serve");
    expect(given[1]).toBe(given[0]);
  });

  test("a refresh beside a sign-out ends as no_session, at the latest", async () => {
    const outcomes: string[] = [];
    const { browser } = await start(async (req) => {
      const refreshing = codeOf(req.auth.getAccessToken({ refresh: true }));
      await turns(Number(req.query["turns"]));
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

  test("an update that is asked for inside another's function is made after it", async () => {
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

test("what an update's function did to the data it was given is dropped when the update fails", async () => {
  let outcome = "";
  const { browser } = await start(async (req) => {
    outcome = await codeOf(req.auth.update((data) => Object.assign(data, TOO_LARGE)));
    await req.auth.update({ small: 1 });
  });
  await browser.fetch("/serve");
  expect([outcome, await dataOf(browser)]).toEqual(["CookieTooLargeError cookie_too_large", { small: 1 }]);
});

describe("headers that leave meanwhile", () => {
  test("an update is rejected exactly when its cookie did not go out", async () => {
    let outcome = "";
    const { browser } = await start(async (req, res) => {
      const updating = codeOf(req.auth.update({ at: req.query["turns"] }));
      await turns(Number(req.query["turns"]));
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

  test("a refresh that can no longer be kept is told as failed, and its token serves this request", async () => {
    const given: string[] = [];
    const { app, browser } = await start(async (req, res) => {
      const refreshing = req.auth.getAccessToken({ refresh: true });
      await new Promise((resolve) => setTimeout(resolve, 20));
      res.flushHeaders();
      release();
      given.push(await refreshing, await req.auth.getAccessToken());
      res.end();
    });
    const release = app.holdProvider();
    const { setCookies } = await browser.fetch("/serve");
    expect(setCookies).toEqual([]);
    expect(given[0]).toMatch(/./);
    expect(given[1]).toBe(given[0]);
    const told = app.events.filter(({ type }) => type !== "transition" && type !== "session_opened");
    expect(told).toEqual([{ at: app.clock.now(), type: "failed", code: "refresh_required" }]);
  });
});
