import express from "express";
import { afterEach, describe, expect, test } from "vitest";
import { createSealer, createSessions } from "../../adapters/index.js";
import { plainRequest, startApp, type TestApp } from "../support/app.js";
import { onExpress } from "../support/express-app.js";

const apps: TestApp[] = [];
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
});

async function start(options: Parameters<typeof startApp>[0] = {}): Promise<TestApp> {
  const app = await startApp(options);
  apps.push(app);
  return app;
}

const pairsOf = (lines: readonly string[]) => lines.map((line) => line.split(";", 1)[0]).join("; ");

describe("only a sign-in is a sign-in", () => {
  test("a session that the app makes with createSessions, under the same secret and names, signs no user in", async () => {
    const app = await start();
    const secret = app.options.secret as string;
    for (const name of ["latchkey", "latchkey-session"]) {
      const sessions = createSessions<Record<string, unknown>>({ secret, cookie: { secure: false, name } });
      const scope = await sessions.load(null);
      scope.update({ user: { sub: "admin" }, data: {} });
      const cookie = pairsOf(await scope.commit());
      expect((await plainRequest(app.url, "/private", { headers: { cookie } })).status).toBe(401);
    }
  });

  test("S24: nothing that an app seals for itself opens as a session", async () => {
    const app = await start();
    const now = Date.now();
    const identity = ["A".repeat(28), now, 0, 600_000_000, { user: { sub: "admin" }, data: {} }];
    for (const purpose of ["identity", "session identity ", "session identity client https://op.example"]) {
      const sealed = await createSealer({ secret: app.options.secret as string, purpose }).seal(identity, now);
      const cookie = `latchkey.AAAAAA.id.0=1${sealed.slice(-6)}${sealed}`;
      const answer = await plainRequest(app.url, "/", { headers: { cookie } });
      expect(JSON.parse(answer.body)).toEqual({ session: null, reason: "tampered" });
    }
  });

  test("S23: a session of one provider does not open for another provider, under the same secret", async () => {
    const [first, second] = [await start(), await start({ provider: { issuer: "https://other.example" } })];
    const browser = first.browser();
    await browser.signIn({ sub: "alice" });
    const cookie = browser.jar.header(`${first.url}/`);
    expect((await plainRequest(first.url, "/private", { headers: { cookie } })).status).toBe(200);
    expect((await plainRequest(second.url, "/private", { headers: { cookie } })).status).toBe(401);
  });
});

describe("an authorization response by form (response_mode=form_post)", () => {
  test("comes without cookies, and is redirected to a navigation that brings them", async () => {
    const app = await start({ options: { responseMode: "form_post" } });
    const browser = app.browser();
    await browser.signIn({ sub: "alice" });
    const login = await browser.navigate("/auth/login?returnTo=/after");
    const { url, body, method } = await app.provider.authorize(String(login.headers.location), {
      user: { sub: "bob" },
    });
    expect(method).toBe("POST");
    const headers = { "content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "cross-site" };
    const posted = await plainRequest(app.url, new URL(url).pathname, { method: "POST", headers, body: body ?? "" });
    expect([posted.status, posted.setCookies]).toEqual([303, []]);
    const callback = await browser.navigate(String(posted.headers.location));
    expect(callback.headers.location).toBe(`${app.url}/after`);
    expect(JSON.parse((await browser.fetch("/")).body).session.user.sub).toBe("bob");
  });

  test.each([
    [
      "nested by a parser",
      express.urlencoded({ extended: true }),
      "application/x-www-form-urlencoded",
      "code[toString]=1&state=x",
    ],
    ["of JSON", express.json(), "application/json", '{"code":{"toString":1},"state":"x"}'],
    ["left as bytes", express.raw({ type: "*/*" }), "application/x-www-form-urlencoded", "code=1&state=x"],
    ["of five megabytes", express.text({ limit: "1kb" }), "application/x-www-form-urlencoded", "x".repeat(100_000)],
  ])("a body %s is answered", async (_what, parser, type, body) => {
    const app = await start({ framework: onExpress((() => express().use(parser)) as unknown as typeof express) });
    const answer = await plainRequest(app.url, "/auth/callback", {
      method: "POST",
      headers: { "content-type": type },
      body,
    });
    expect(answer.status).toBeLessThan(500);
    const location = new URL(String(answer.headers.location));
    expect(location.origin).toBe(app.url);
    expect((await plainRequest(app.url, location.pathname + location.search, {})).status).toBe(400);
  });
});

describe("the limit of the cookies' size applies to new data", () => {
  test("a session just below the limit is rolled, read and ended like any other", async () => {
    const app = await start({ options: { session: { inactivityDuration: 3600 } } });
    const browser = app.browser();
    await browser.signIn();
    let size = 3000;
    while ((await browser.fetch(`/update?bulk=${"x".repeat(size)}`)).status === 200) size += 100;
    app.clock.advance(400);
    const answer = await browser.navigate("/untouched");
    expect([answer.status, answer.setCookies.length]).toEqual([200, 1]);
    expect((await browser.fetch("/private")).status).toBe(200);
    const out = await browser.navigate("/auth/logout", {
      method: "POST",
      headers: { "sec-fetch-site": "same-origin" },
    });
    expect(out.status).toBe(303);
  });
});

describe("caches", () => {
  test("a response that is made from a session is private and varies by cookie, for every kind of request", async () => {
    const app = await start();
    const browser = app.browser();
    await browser.signIn();
    for (const path of ["/private", "/token", "/"]) {
      const { headers } = await browser.fetch(path);
      expect([headers["cache-control"], headers.vary]).toEqual(["private", expect.stringContaining("Cookie")]);
    }
  });

  test("a response that writes cookies has no header that lets a CDN store it (RFC 9213)", async () => {
    const app = await start({
      options: { session: { inactivityDuration: 3600 } },
      extend: (express) => {
        express.get("/cdn", (_req, res) => {
          res.set({
            "CDN-Cache-Control": "public, max-age=600",
            "Surrogate-Control": "max-age=600",
            "X-Accel-Expires": "600",
            Expires: "Thu, 01 Jan 2099 00:00:00 GMT",
          });
          res.send("x");
        });
      },
    });
    const browser = app.browser();
    await browser.signIn();
    app.clock.advance(400);
    const { headers, setCookies } = await browser.navigate("/cdn");
    expect(setCookies).toHaveLength(1);
    for (const name of ["cdn-cache-control", "surrogate-control", "x-accel-expires", "expires"])
      expect(headers[name]).toBeUndefined();
  });
});

describe("hooks", () => {
  test("an observer that throws does not affect the request", async () => {
    const app = await start({
      options: {
        onEvent: () => {
          throw new Error("log is full");
        },
      },
    });
    const browser = app.browser();
    await browser.signIn();
    expect((await browser.fetch("/private")).status).toBe(200);
  });

  test("a schema that throws refuses the session, and sign-out still works", async () => {
    const schema = {
      "~standard": {
        version: 1 as const,
        vendor: "test",
        validate: (): never => {
          throw new Error("no");
        },
      },
    };
    const app = await start({ options: { session: { schema } } });
    const browser = app.browser();
    await browser.signIn();
    expect((await browser.fetch("/private")).status).toBe(401);
    expect((await browser.navigate("/auth/logout", { method: "POST" })).status).toBeLessThan(500);
  });
});

test("no part of an error contains a token, at any depth", async () => {
  const { inspect } = await import("node:util");
  const errors: unknown[] = [];
  const app = await start({
    extend: (express) => {
      express.get("/fail", async (req, res) => {
        await req.auth.getAccessToken({ refresh: true }).catch((error: unknown) => errors.push(error));
        res.send("x");
      });
    },
  });
  const browser = app.browser();
  await browser.signIn();
  app.provider.misbehave("other_token_type");
  app.clock.advance(3700);
  await browser.fetch("/fail");
  expect(errors).toHaveLength(1);
  expect(inspect(errors[0], { depth: 20 })).not.toMatch(/eyJ|refresh_token/);
});

test("the token is not sent to a URL that only resembles an allowed origin", async () => {
  const refused: string[] = [];
  const app = await start({
    options: { apiOrigins: ["https://api.example"] },
    extend: (express) => {
      express.get("/call", async (req, res) => {
        for (const url of [
          "https://u:p@api.example/",
          "blob:https://api.example/x",
          "https://api.example.evil.example/",
          "http://api.example/",
          "https://api.example:444/",
        ]) {
          const error = await req.auth.fetch(url).catch((reason: { code: string }) => reason);
          if ("code" in error && error.code === "origin_not_allowed") refused.push(url);
        }
        res.send("x");
      });
    },
  });
  const browser = app.browser();
  await browser.signIn();
  await browser.fetch("/call");
  expect(refused).toHaveLength(5);
});
