import { inspect } from "node:util";
import { afterEach, describe, expect, test, vi } from "vitest";
import { verifyAccessToken } from "../../adapters/edge.js";
import { type AuthOptions, type Failure, translatedErrorPage } from "../../adapters/express.js";
import { createClock, createTestProvider } from "../../adapters/testing/index.js";
import { type Framework, startApp, type TestApp } from "../support/app.js";
import { edgeApp } from "../support/edge-app.js";
import { expressApps } from "../support/express-app.js";
import { nodeApp } from "../support/node-app.js";

const frameworks: Array<[string, Framework]> = [
  ["Express", expressApps["Express 5"]],
  ["node:http", nodeApp],
  ["Edge", edgeApp],
];

const apps: TestApp[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const app of apps.splice(0)) await app.close();
});

async function start(framework: Framework, options: Partial<AuthOptions>): Promise<TestApp> {
  const app = await startApp({ framework, options });
  apps.push(app);
  return app;
}

/** The response to a sign-in that the user cancels. */
async function cancel(app: TestApp, headers: Record<string, string> = {}) {
  const browser = app.browser();
  const login = await browser.navigate("/auth/login?returnTo=%2Finvoices");
  const { url } = await app.provider.authorize(String(login.headers.location), { deny: true });
  return browser.navigate(`${url}&error_description=not%20today`, { headers });
}

const GERMAN = {
  title: "Nicht angemeldet",
  other: "Das hat nicht geklappt.",
  access_denied: "Sie haben <abgebrochen>.",
  retry: "Noch einmal",
  home: "Zurück",
};

describe.each(frameworks)("a failed sign-in on %s", (_name, framework) => {
  test("prints one line that says why, and what to check, where no observer listens", async () => {
    const printed = vi.spyOn(console, "error").mockImplementation(() => {});
    await cancel(await start(framework, { onEvent: undefined }));
    expect(printed.mock.calls).toEqual([["latchkey: access denied: error access_denied, description not today"]]);
    const app = await start(framework, { onEvent: undefined, issuer: "https://op.example/" });
    await app.browser().navigate("/auth/login");
    expect(printed.mock.calls[1]).toEqual([
      'latchkey: provider invalid: the issuer is "https://op.example/" here, the provider says "https://op.example"; check issuer',
    ]);
    expect(printed.mock.calls).toHaveLength(2);
  });

  test("prints nothing for an app that listens", async () => {
    const printed = vi.spyOn(console, "error").mockImplementation(() => {});
    await cancel(await start(framework, {}));
    await cancel(await start(framework, { onEvent: undefined, onFailure: () => undefined }));
    expect(printed.mock.calls).toEqual([]);
  });

  test("is shown to the app, with the error, the page to return to and the way to try again", async () => {
    const failures: Failure[] = [];
    const app = await start(framework, { onFailure: (failure) => void failures.push(failure) });
    expect((await cancel(app, { "accept-language": "de" })).body).toContain("You cancelled");
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
    const byPath = await cancel(await start(framework, { onFailure: ({ error }) => `/sorry?code=${error.code}` }));
    expect([byPath.status, new URL(String(byPath.headers.location)).pathname]).toEqual([302, "/sorry"]);
    const byUrl = await cancel(await start(framework, { onFailure: () => "https://help.example/" }));
    expect([byUrl.status, byUrl.headers.location]).toEqual([302, "https://help.example/"]);
  });

  test("is answered by the app: with a page of its own, which no cache stores", async () => {
    const headers = { "content-type": "text/html; charset=utf-8", "x-own": "1" };
    const app = await start(framework, { onFailure: async () => new Response("<p>Ours: ä", { status: 418, headers }) });
    const response = await cancel(app);
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
      const { body, status } = await cancel(app, { "accept-language": wanted });
      expect([status, body.includes(`<html lang="${language}">`)]).toEqual([403, true]);
      expect(body).toContain("Sie haben &#60;abgebrochen>.");
    }
    for (const wanted of ["fr", "", "*", "d", "den", ";;q=,,"]) {
      expect((await cancel(app, { "accept-language": wanted })).body).toContain("You cancelled");
    }
  });
});

test("on an address that is not a loopback one, the page shows neither the cause nor any part of the request", async () => {
  const app = await start(edgeApp, { baseUrl: "https://app.example" });
  const { body } = await cancel(app);
  expect(body).toContain("<code>access_denied</code> </main>");
  expect(body).not.toContain("not today");
});

test("cookies of another app on the same host are printed once a minute", async () => {
  const printed = vi.spyOn(console, "error").mockImplementation(() => {});
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
  expect(printed.mock.calls.map(([line]) => line)).toEqual(
    Array(2).fill(
      "latchkey: a session cookie is of another app or secret (unknown_key); check session.cookie.name, secret",
    ),
  );
});

test("an API prints what an option may mend, each reason once a minute, and no token", async () => {
  const printed = vi.spyOn(console, "error").mockImplementation(() => {});
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
  expect(printed.mock.calls.flat()).toEqual([
    "latchkey: access token refused: code invalid_token, reason format; check audience of the sign-in",
    "latchkey: access token refused: code invalid_token, reason aud, cause aud 0 other; check audience",
  ]);
  clock.advance(60);
  await send("opaque-token");
  expect(printed.mock.calls).toHaveLength(3);
});

test("console.log of `req.auth` shows the session", async () => {
  let shown = "";
  const app = await startApp({
    extend: (express) =>
      express.get("/log", (req, res) => {
        shown = inspect(req.auth);
        res.send("logged");
      }),
  });
  apps.push(app);
  const browser = app.browser();
  await browser.signIn({ sub: "alice", name: "Alice" });
  await browser.fetch("/log");
  expect(shown).toContain("name: 'Alice'");
  expect(shown).not.toMatch(/accessToken|refreshToken/);
});
