import type { RequestListener } from "node:http";
import { inspect } from "node:util";
import express from "express";
import { describe, expect, test } from "vitest";
import { createAuth as createEdgeAuth, verifyAccessToken } from "../../adapters/edge.js";
import { type AuthOptions, auth as expressAuth, type Failure, translatedErrorPage } from "../../adapters/express.js";
import { createAuth as createNextAuth } from "../../adapters/next/index.js";
import { getAuth, auth as nodeAuth } from "../../adapters/node.js";
import { createClock, createTestProvider, mintSession } from "../../adapters/testing/index.js";
import type { TestApp } from "../support/app.js";
import { edgeApp, send, toRequest } from "../support/edge-app.js";
import { adapters, frameworks, refuse, startingApps, watchConsole } from "../support/failing-apps.js";

const start = startingApps();

const GERMAN = {
  title: "Nicht angemeldet",
  other: "Das hat nicht geklappt.",
  access_denied: "Sie haben <abgebrochen>.",
  retry: "Noch einmal",
  home: "Zurück",
};

describe.each(frameworks)("a failed sign-in on %s", (_name, framework) => {
  test("prints one line that says why, and what to check, where no observer listens", async () => {
    const printed = watchConsole();
    await refuse(await start(framework, { onEvent: undefined }));
    expect(printed()).toEqual(["latchkey: access denied: error access_denied, description not today"]);
    const app = await start(framework, { onEvent: undefined, issuer: "https://op.example/" });
    await app.browser().navigate("/auth/login");
    expect(printed().slice(1)).toEqual([
      'latchkey: provider invalid: the issuer is "https://op.example/" here, the provider says "https://op.example"; check issuer',
    ]);
  });

  test("prints nothing for an app that listens", async () => {
    const printed = watchConsole();
    await refuse(await start(framework, {}));
    await refuse(await start(framework, { onEvent: undefined, onFailure: () => undefined }));
    expect(printed()).toEqual([]);
  });

  test("is shown to the app, with the error, the page to return to and the way to try again", async () => {
    const failures: Failure[] = [];
    const app = await start(framework, { onFailure: (failure) => void failures.push(failure) });
    expect((await refuse(app, undefined, { headers: { "accept-language": "de" } })).body).toContain("You cancelled");
    const [{ error, request, ...rest } = {} as Failure] = failures;
    expect([error.code, error.cause]).toEqual(["access_denied", { error: "access_denied", description: "not today" }]);
    expect([request.method, request.headers.get("accept-language")]).toEqual(["GET", "de"]);
    expect(rest).toEqual({
      advice: undefined,
      returnTo: "/invoices",
      retryUrl: `${app.url}/auth/login?returnTo=%2Finvoices`,
      homeUrl: `${app.url}/`,
    });
  });

  test("is answered by the app: with a redirect to a path or a URL", async () => {
    const byPath = await refuse(await start(framework, { onFailure: ({ error }) => `/sorry?code=${error.code}` }));
    expect([byPath.status, new URL(String(byPath.headers.location)).pathname]).toEqual([302, "/sorry"]);
    const byUrl = await refuse(await start(framework, { onFailure: () => "https://help.example/" }));
    expect([byUrl.status, byUrl.headers.location]).toEqual([302, "https://help.example/"]);
  });

  test("is answered by the app: with a page of its own, which no cache stores", async () => {
    const headers = { "content-type": "text/html; charset=utf-8", "x-own": "1" };
    const app = await start(framework, { onFailure: async () => new Response("<p>Ours: ä", { status: 418, headers }) });
    const response = await refuse(app);
    expect([response.status, response.body, response.headers["x-own"]]).toEqual([418, "<p>Ours: ä", "1"]);
    expect(response.headers["cache-control"]).toBe("private, no-store");
  });

  test("has a page in the language of the browser", async () => {
    const app = await start(framework, { onFailure: translatedErrorPage({ de: GERMAN, "pt-BR": { ...GERMAN } }) });
    for (const [wanted, language] of [
      ["de-AT,de;q=0.9,en;q=0.8", "de"],
      ["en;q=0.5, pt-br", "pt-BR"],
      ["fr,de;q=0.1", "de"],
    ] as const) {
      const { body, status } = await refuse(app, undefined, { headers: { "accept-language": wanted } });
      expect([status, body.includes(`<html lang="${language}">`)]).toEqual([403, true]);
      expect(body).toContain("Sie haben &#60;abgebrochen>.");
    }
    for (const wanted of ["fr", "", "*", "d", "den", ";;q=,,"]) {
      expect((await refuse(app, undefined, { headers: { "accept-language": wanted } })).body).toContain(
        "You cancelled",
      );
    }
  });
});

test("on an address that is not a loopback one, the page shows neither the cause nor any part of the request", async () => {
  const app = await start(edgeApp, { baseUrl: "https://app.example" });
  const { body } = await refuse(app);
  expect(body).toContain("<code>access_denied</code> </main>");
  expect(body).not.toContain("not today");
});

describe.each(adapters)("a failed sign-in on %s", (_name, framework) => {
  test("has a page in another language that says why on the developer's own machine, as the English page does", async () => {
    const app = await start(framework, { onFailure: translatedErrorPage({ de: GERMAN }) });
    for (const language of ["de", "en"]) {
      const { body } = await refuse(app, undefined, { headers: { "accept-language": language } });
      expect(body).toContain(`<html lang="${language}">`);
      expect(body).toContain(
        "<code>access_denied</code> latchkey: access denied: error access_denied, description not today",
      );
    }
    const published = await start(framework, {
      baseUrl: "https://app.example",
      onFailure: translatedErrorPage({ de: GERMAN }),
    });
    const { body } = await refuse(published, undefined, { headers: { "accept-language": "de" } });
    expect(body).toContain("<code>access_denied</code> </main>");
  });

  test("says in its one line that a cookie may be blocked, or the site opened under another name", async () => {
    const printed = watchConsole();
    const app = await start(framework, { onEvent: undefined });
    await app.browser().navigate("/auth/callback?code=1&state=2");
    expect(printed()).toEqual([
      "latchkey: no transaction; check cookies (does the browser keep them?), baseUrl (was the site opened there?)",
    ]);
  });

  test("is printed once a second, and then with the number of failures that were left out; another failure is printed at once", async () => {
    const printed = watchConsole();
    const app = await start(framework, { onEvent: undefined });
    const browser = app.browser();
    const fail = () => browser.navigate("/auth/callback?code=1&state=2");
    for (let time = 0; time < 42; time++) await fail();
    await refuse(app);
    app.clock.advance(1);
    await fail();
    await fail();
    const line = printed()[0];
    expect(line).toContain("latchkey: no transaction");
    expect(printed().slice(1)).toEqual([
      "latchkey: access denied: error access_denied, description not today",
      `${line} (and 41 more)`,
    ]);
  });

  test("does not flood the log where a client chooses what the line says", async () => {
    const printed = watchConsole();
    const app = await start(framework, { onEvent: undefined });
    for (let at = 0; at < 40; at++) await refuse(app, { error_description: "x".repeat(at + 1) });
    expect(printed()).toHaveLength(21);
    app.clock.advance(2);
    await refuse(app, { error_description: "x" });
    await refuse(app, { error_description: "another" });
    expect(printed().slice(21)).toEqual([
      "latchkey: access denied: error access_denied, description x",
      "latchkey: access denied: error access_denied, description another (and 19 more)",
    ]);
  });
});

/** A provider that repeats in `error` and `error_description` all parameters of its own response, as they are and URL-encoded. */
const ECHOED = { code: "canary/code+1", iss: "", session_state: "canary=session.state", custom: "canary custom value" };

describe.each(adapters)("a provider that repeats the parameters of the callback, on %s", (_name, framework) => {
  /** The response to the callback, and the values that no surface may show. */
  async function echo(app: TestApp, inForm: boolean) {
    const browser = app.browser();
    const login = await browser.navigate("/auth/login");
    const back = await app.provider.authorize(String(login.headers.location), { deny: true });
    const sent = new URLSearchParams(inForm ? back.body : new URL(back.url).searchParams);
    for (const [name, value] of Object.entries(ECHOED)) if (value) sent.set(name, value);
    const secrets = ["state", ...Object.keys(ECHOED)].flatMap((name) => sent.get(name) ?? []);
    // A text that is cut must not end in a part of a value.
    const all = secrets.flatMap((value) => [value, encodeURIComponent(value)]);
    sent.set("error", `custom_${sent.get("state")}`);
    sent.set("error_description", `got ${all.join(" and ")} and ${"x".repeat(200)} ${secrets.join("")}`);
    if (!inForm) return { secrets, page: await browser.navigate(`/auth/callback?${sent}`) };
    const headers = { "content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "cross-site" };
    const posted = await browser.navigate("/auth/callback", { method: "POST", headers, body: `${sent}` });
    expect(posted.status).toBe(303);
    return { secrets, page: await browser.navigate(String(posted.headers.location)) };
  }

  test.each([
    ["in the query", false],
    ["in a form", true],
  ])("%s: no value is in the line, the event, onFailure or the page", async (_how, inForm) => {
    const printed = watchConsole();
    const responseMode = inForm ? "form_post" : "query";
    const failures: Failure[] = [];
    const onFailure = (failure: Failure) => void failures.push(failure);
    const quiet = await start(framework, { responseMode, onEvent: undefined });
    const heard = await start(framework, { responseMode, onFailure });
    for (const app of [quiet, heard]) {
      const { secrets, page } = await echo(app, inForm);
      expect(page.body).toContain("<code>authorization_failed</code> latchkey: authorization failed: error custom_***");
      const [{ request: _, ...failure } = {} as Partial<Failure>] = failures;
      const shown = inspect([printed(), app.events, failure, page.body], {
        depth: Infinity,
        maxStringLength: Infinity,
      });
      expect(secrets).toHaveLength(5);
      // A part tells as much as the whole.
      for (const value of secrets)
        for (const form of [value, encodeURIComponent(value), value.slice(0, 10)])
          expect(shown.includes(form), form).toBe(false);
    }
    expect(printed()).toHaveLength(1);
    expect(failures).toHaveLength(1);
    expect(heard.events.filter(({ type }) => type === "failed")).toHaveLength(1);
  });
});

describe.each(frameworks)("a sign-out on %s", (_name, framework) => {
  test.each(["unreachable", "status_500", "html"] as const)(
    "ends the session and leads to the site, though the provider is %s; the failure is an event and calls no onFailure",
    async (fault) => {
      const failures: Failure[] = [];
      const app = await start(framework, { onFailure: (failure) => void failures.push(failure) });
      const browser = app.browser();
      await browser.signIn();
      app.provider.misbehave(fault);
      app.clock.advance(3600);
      const { status, headers } = await browser.fetch("/auth/logout", { method: "POST" });
      expect([status, new URL(String(headers.location)).origin]).toEqual([303, app.url]);
      expect((await browser.fetch("/private")).status).toBe(401);
      expect(app.events.some(({ type }) => type === "failed")).toBe(true);
      expect(failures).toEqual([]);
    },
  );
});

test("the event of a session that was refused says what to check, where an option may help", async () => {
  const [one, other] = await Promise.all([
    start(edgeApp),
    start(edgeApp, { secret: "another secret of at least 32 characters" }),
  ]);
  const browser = one.browser();
  await browser.signIn();
  const cookie = browser.jar.header(`${one.url}/`);
  const session = `${cookie.split("; ").find((pair) => pair.includes(".id.0="))}`;
  const changed = `${session.slice(0, 200)}${session[200] === "A" ? "B" : "A"}${session.slice(201)}`;
  const adviceFor = async (app: TestApp, header: string) => {
    app.events.length = 0;
    await app.browser().fetch("/", { headers: { cookie: header } });
    return app.events.flatMap((event) => (event.type === "session_refused" ? [event.reason, event.advice] : []));
  };
  expect(await adviceFor(other, cookie)).toEqual(["unknown_key", "session.cookie.name, secret"]);
  expect(await adviceFor(one, cookie.replace(session, changed))).toEqual(["tampered", "session.cookie.name, secret"]);
  expect(await adviceFor(one, `${cookie}; ${session}`)).toEqual(["duplicated", undefined]);
  one.clock.advance(40 * 86_400);
  expect(await adviceFor(one, cookie)).toEqual(["expired_key", undefined]);
});

test("cookies of another app on the same host are printed once a minute", async () => {
  const printed = watchConsole();
  const [one, other] = await Promise.all([
    start(edgeApp, {}),
    start(edgeApp, { onEvent: undefined, secret: "another secret of at least 32 characters" }),
  ]);
  const browser = one.browser();
  await browser.signIn();
  const cookie = browser.jar.header(`${one.url}/`);
  for (const seconds of [0, 59, 2]) {
    other.clock.advance(seconds);
    await other.browser().fetch("/", { headers: { cookie } });
  }
  expect(printed()).toEqual(
    ["", " (and 1 more)"].map(
      (more) =>
        `latchkey: a session cookie is of another app or secret (unknown_key); check session.cookie.name, secret${more}`,
    ),
  );
});

test("an API prints what an option may mend, each reason once a minute, and no token", async () => {
  const printed = watchConsole();
  const clock = createClock();
  const provider = await createTestProvider({ clock });
  const { issuer, fetch } = provider;
  const api = verifyAccessToken({ issuer, audience: "https://api.example", fetch, now: clock.now });
  const now = clock.now() / 1000;
  const claims = { sub: "a", iss: issuer, aud: "https://api.example", iat: now, exp: now + 600 };
  const send = async (token: string) =>
    (await api.verify(new Request("https://api.example/", { headers: { authorization: `Bearer ${token}` } }))).response
      ?.status;
  const tokens = [
    "opaque-token",
    "opaque-token",
    await provider.sign({ ...claims, aud: ["other"] }),
    await provider.sign({ ...claims, exp: now - 600 }),
  ];
  for (const token of tokens) expect(await send(token)).toBe(401);
  expect(printed()).toEqual([
    "latchkey: access token refused: code invalid_token, reason format; check audience of the sign-in",
    "latchkey: access token refused: code invalid_token, reason aud, cause aud 0 other; check audience",
  ]);
  clock.advance(60);
  await send("opaque-token");
  expect(printed().slice(2)).toEqual([`${printed()[0]} (and 1 more)`]);
});

describe("console.log and JSON of what an app gets as `auth` show the session, and no token", () => {
  /** What the app of a runtime logs of it. */
  const logging: Array<readonly [string, (options: AuthOptions, log: (auth: unknown) => void) => RequestListener]> = [
    ["Express", (options, log) => express().use(expressAuth(options), (req, res) => void [log(req.auth), res.end()])],
    [
      "node:http",
      (options, log) => {
        const signIn = nodeAuth(options);
        return (req, res) => signIn(req, res, () => void [log(getAuth(req)), res.end()]);
      },
    ],
    ["the edge", (options, log) => onWeb(createEdgeAuth(options).wrap((_request, auth) => logged(log, auth)))],
    ["Next's App Router", (options, log) => onWeb(createNextAuth(options).wrap((_request, auth) => logged(log, auth)))],
    [
      "Next's Pages Router",
      (options, log) => {
        const { forRequest } = createNextAuth(options);
        return async (req, res) => void [log(await forRequest(req, res)), res.end()];
      },
    ],
  ];
  const onWeb =
    (handle: (request: Request) => Promise<Response>): RequestListener =>
    async (req, res) =>
      send(await handle(toRequest(req)), res);
  const logged = (log: (auth: unknown) => void, auth: unknown) => {
    log(auth);
    return new Response();
  };

  test.each(logging)("on %s", async (_name, serve) => {
    const shown: string[] = [];
    const app = await start((options) => serve(options, (auth) => shown.push(inspect(auth), JSON.stringify(auth))));
    const tokens = { accessToken: "canary-access-token", refreshToken: "canary-refresh-token" };
    const user = { sub: "alice", name: "Alice" };
    const cookie = await mintSession({ ...app.options, user, tokens } as never);
    await app.browser().fetch("/", { headers: { cookie } });
    expect(shown[0]).toContain("name: 'Alice'");
    expect(JSON.parse(`${shown[1]}`).session.user).toEqual(user);
    expect(shown.join()).not.toMatch(/canary|accessToken|refreshToken/);
  });
});
