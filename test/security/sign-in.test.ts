import express5 from "express";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { plainRequest, startApp, type TestApp, type TestBrowser } from "../support/app.js";
import { BLANKS, isTrimmed, NO_BLANK } from "../support/blanks.js";
import { onExpress } from "../support/express-app.js";
import { runs } from "../support/runs.js";

let app: TestApp;
const ended: Array<() => void> = [];
beforeAll(async () => {
  app = await startApp({ options: { allowedParams: ["ui_locales", "max_age", "organization"] } });
});
afterAll(() => app.close());
afterEach(() => {
  for (const end of ended.splice(0)) end();
});

/** Starts a sign-in, and returns the authorization request and the callback URL to which the provider redirects. */
async function begin(browser: TestBrowser, login = "/auth/login", user: Record<string, unknown> = { sub: "alice" }) {
  const answer = await browser.navigate(login);
  const { url } = await app.provider.authorize(String(answer.headers.location), { user });
  return { callback: new URL(url), authorization: new URL(String(answer.headers.location)) };
}

const isSignedIn = async (browser: TestBrowser) => (await browser.fetch("/private")).status === 200;

/** The path and query of a URL. */
const pathOf = ({ pathname, search }: URL) => pathname + search;

async function refusedWith(browser: TestBrowser, path: string, code: string, status: number) {
  const answer = await browser.navigate(path);
  expect(answer.status).toBe(status);
  expect(answer.body).toContain(`<code>${code}</code>`);
  expect(answer.headers["cache-control"]).toBe("private, no-store");
  expect(await isSignedIn(browser)).toBe(false);
  return answer;
}

describe("a sign-in is bound to the browser that began it", () => {
  test("S29: a callback in another browser is refused", async () => {
    const { callback } = await begin(app.browser());
    await refusedWith(app.browser(), pathOf(callback), "no_transaction", 400);
  });

  test("S26: a callback with another state is refused, and the sign-in in progress survives it (J9)", async () => {
    const browser = app.browser();
    const { callback } = await begin(browser);
    const stray = new URL(callback);
    stray.searchParams.set("state", "x".repeat(43));
    await refusedWith(browser, pathOf(stray), "no_transaction", 400);
    await browser.navigate(pathOf(callback));
    expect(await isSignedIn(browser)).toBe(true);
  });

  test.each([
    "/auth/callback",
    "/auth/callback?code=x",
    "/auth/callback?code=x&state=",
    "/auth/callback?state=a&state=b&code=x",
  ])("S27: %s is refused: missing never equals missing", async (path) => {
    const browser = app.browser();
    await begin(browser);
    await refusedWith(browser, path, "no_transaction", 400);
  });

  test("S25: a sign-in is used up by its first callback, even a failed one", async () => {
    const browser = app.browser();
    const { callback } = await begin(browser);
    const failing = new URL(callback);
    failing.searchParams.delete("code");
    failing.searchParams.set("error", "access_denied");
    await refusedWith(browser, pathOf(failing), "access_denied", 403);
    expect(browser.jar.names()).toEqual([]);
    await refusedWith(browser, pathOf(callback), "no_transaction", 400);
  });

  test("a second delivery of a callback redirects a signed-in user onward", async () => {
    const browser = app.browser();
    const { callback } = await begin(browser);
    await browser.navigate(pathOf(callback));
    const again = await browser.navigate(pathOf(callback));
    expect([again.status, again.headers.location]).toEqual([302, `${app.url}/`]);
  });

  test("S24: what was sealed for one purpose does not open for another", async () => {
    const browser = app.browser();
    await begin(browser);
    const transaction = browser.jar.names().find((name) => name.includes(".tx.")) as string;
    const value = browser.jar.get(transaction);
    const cookie = `latchkey.AAAAAA.id.0=1${value?.slice(-6)}${value}; latchkey.AAAAAA.seen=${value}`;
    const answer = await plainRequest(app.url, "/", { headers: { cookie } });
    expect(JSON.parse(answer.body).session).toBeNull();
  });

  test("P1: a hundred abandoned sign-ins leave ten cookies, and the last one still works", async () => {
    const browser = app.browser();
    for (let count = 0; count < 99; count++) {
      await browser.navigate("/auth/login");
      app.clock.advance(1);
    }
    const { callback } = await begin(browser);
    expect(browser.jar.names()).toHaveLength(10);
    await browser.navigate(pathOf(callback));
    expect(await isSignedIn(browser)).toBe(true);
  });

  test("P1: sign-ins in progress never make the Cookie header larger than proxies take", async () => {
    const browser = app.browser();
    await browser.signIn({ sub: "alice", bulk: "x".repeat(1500) });
    for (let count = 0; count < 6; count++) {
      await browser.navigate(`/auth/login?returnTo=/${"y".repeat(500)}`);
      app.clock.advance(1);
      expect(browser.jar.header(`${app.url}/`).length).toBeLessThanOrEqual(7600);
    }
    expect(browser.jar.names().some((name) => name.includes(".tx."))).toBe(true);
    // A session that needs their space is not refused.
    const updated = await browser.fetch(`/update?bulk=${"z".repeat(500)}`);
    expect(updated.status).toBe(200);
    expect(browser.jar.header(`${app.url}/`).length).toBeLessThanOrEqual(7600);
  });

  test("P2: several tabs sign in side by side, in any order", async () => {
    const browser = app.browser();
    const tabs = [];
    for (const page of ["/a", "/b", "/c"]) tabs.push(await begin(browser, `/auth/login?returnTo=${page}`));
    const targets = [];
    for (const { callback } of tabs.reverse())
      targets.push((await browser.navigate(pathOf(callback))).headers.location);
    expect(targets).toEqual([`${app.url}/c`, `${app.url}/b`, `${app.url}/a`]);
    expect(browser.jar.names().filter((name) => name.includes(".tx."))).toEqual([]);
  });

  test("a sign-in that takes longer than fifteen minutes is refused", async () => {
    const browser = app.browser();
    const { callback } = await begin(browser);
    const cookie = browser.jar.header(`${app.url}/`);
    app.clock.advance(901);
    const answer = await plainRequest(app.url, pathOf(callback), { headers: { cookie } });
    expect(answer.body).toContain("<code>transaction_expired</code>");
  });

  test("RFC 9207: a callback with another issuer, or without one, is refused", async () => {
    for (const change of [
      (url: URL) => url.searchParams.set("iss", "https://evil.example"),
      (url: URL) => url.searchParams.delete("iss"),
    ]) {
      const browser = app.browser();
      const { callback } = await begin(browser);
      change(callback);
      await refusedWith(browser, pathOf(callback), "issuer_mismatch", 400);
    }
  });
});

describe("an ID Token is accepted only if every part of it is right", () => {
  test.each([
    ["invalid_signature", "id_token_invalid"],
    ["alg_none", "id_token_invalid"],
    ["alg_hs256", "id_token_invalid"],
    ["invalid_iss", "id_token_invalid"],
    ["invalid_aud", "id_token_invalid"],
    ["missing_sub", "id_token_invalid"],
    ["empty_sub", "id_token_invalid"],
    ["missing_iat", "id_token_invalid"],
    ["expired_id_token", "id_token_invalid"],
    ["future_iat", "id_token_invalid"],
    ["other_azp", "id_token_invalid"],
    ["logout_typ", "id_token_invalid"],
    ["wrong_at_hash", "id_token_invalid"],
    ["no_id_token", "id_token_invalid"],
    ["invalid_nonce", "nonce_mismatch"],
    ["missing_nonce", "nonce_mismatch"],
  ] as const)("%s is refused", async (fault, code) => {
    const browser = app.browser();
    const { callback } = await begin(browser);
    ended.push(app.provider.misbehave(fault));
    await refusedWith(browser, pathOf(callback), code, code === "nonce_mismatch" ? 400 : 502);
    expect(browser.jar.names()).toEqual([]);
  });

  test("S46: a sign-in that requires a recent authentication refuses an old one", async () => {
    const browser = app.browser();
    const { authorization, callback } = await begin(browser, "/auth/login?max_age=60", {
      sub: "alice",
      auth_time: Math.floor(app.clock.now() / 1000) - 3600,
    });
    expect(authorization.searchParams.get("max_age") ?? "pushed").toMatch(/60|pushed/);
    await refusedWith(browser, pathOf(callback), "authentication_too_old", 403);
  });

  test("a sign-in for one organization refuses the token of another", async () => {
    const browser = app.browser();
    const { callback } = await begin(browser, "/auth/login?organization=org_a", { sub: "alice", org_id: "org_b" });
    await refusedWith(browser, pathOf(callback), "organization_mismatch", 403);
  });
});

describe("the session is the user's, and stays on the server", () => {
  test("S44: whatever a hook returns, the user is the subject of the ID Token", async () => {
    const hooked = await startApp({
      options: { onSignIn: () => ({ user: { sub: "admin", role: "editor" } }) },
    });
    ended.push(() => void hooked.close());
    const browser = hooked.browser();
    await browser.signIn({ sub: "alice" });
    const { session } = JSON.parse((await browser.navigate("/")).body);
    expect(session.user).toEqual({ sub: "alice", role: "editor" });
  });

  test("S43: no route shows a token or a cookie to the page", async () => {
    const browser = app.browser();
    await browser.signIn({ sub: "alice" });
    const values = browser.jar.names().map((name) => browser.jar.get(name) as string);
    expect(values.length).toBeGreaterThan(0);
    const me = await browser.fetch("/auth/me");
    expect(Object.keys(JSON.parse(me.body))).toEqual(["user", "expiresAt"]);
    for (const value of values) expect(me.body).not.toContain(value);
  });

  test.each(["prefetch", "prefetch;prerender"])("P16: a %s starts no sign-in and no sign-out", async (purpose) => {
    const browser = app.browser();
    await browser.signIn({ sub: "alice" });
    for (const route of ["login", "logout"]) {
      const answer = await browser.navigate(`/auth/${route}`, { headers: { "sec-purpose": purpose } });
      expect([route, answer.headers.location, answer.setCookies]).toEqual([route, undefined, []]);
    }
    expect(await isSignedIn(browser)).toBe(true);
  });
});

describe("S18: only allow-listed parameters go on to the provider", () => {
  test("unknown parameters are dropped, and protected ones cannot be overridden", async () => {
    const hostile =
      "/auth/login?scope=admin&audience=x&prompt=none&redirect_uri=https://evil.example&state=s&ui_locales=de&client_id=other";
    const before = app.provider.requests.length;
    const answer = await app.browser().navigate(hostile);
    const authorization = new URL(String(answer.headers.location)).searchParams;
    const pushed = app.provider.requests.slice(before).find(({ endpoint }) => endpoint === "par");
    const parameters = pushed ? new URLSearchParams(pushed.parameters as unknown as URLSearchParams) : authorization;
    expect(parameters.get("ui_locales")).toBe("de");
    expect(parameters.get("scope")).toBe("openid profile email");
    expect(parameters.get("redirect_uri")).toBe(`${app.url}/auth/callback`);
    expect(parameters.get("client_id")).toBe(app.provider.clientId);
    expect([parameters.has("audience"), parameters.has("prompt")]).toEqual([false, false]);
  });

  test("a return target that contains parameters adds none", async () => {
    const browser = app.browser();
    const refused = await browser.navigate("/private?x=1&scope=a&prompt=none");
    const login = await browser.navigate(String(refused.headers.location));
    const authorization = new URL(String(login.headers.location)).searchParams;
    expect(authorization.get("prompt")).toBeNull();
  });
});

describe("S13 to S17: return targets never leave the site", () => {
  const targets = [
    "https://evil.example/",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/%09/evil.example",
    "/.//evil.example",
    "javascript:alert(1)",
    "https:evil.example",
    "http://127.0.0.1@evil.example/",
    "//evil%E3%80%82example",
    "/auth/logout",
    "/auth/login?returnTo=/auth/login",
  ];
  test.each(targets)("%s", async (target) => {
    const browser = app.browser();
    const callback = await browser.signIn({ sub: "alice" }, `/auth/login?returnTo=${encodeURIComponent(target)}`);
    const location = new URL(String(callback.headers.location), app.url);
    expect(location.origin).toBe(app.url);
    expect(location.pathname).not.toMatch(/^\/auth\//);
    expect(location.pathname.startsWith("//")).toBe(false);
  });

  test.each(["//evil.example", "///evil.example", "/\\evil.example", "//evil.example/private"])(
    "S14: a request for %s on a guarded app stays on the site",
    async (target) => {
      const guarded = await startApp({
        extend: (express) => {
          express.use(async (req) => req.auth.login());
        },
      });
      const browser = guarded.browser();
      const login = await plainRequest(guarded.url, target, {
        headers: { "sec-fetch-mode": "navigate", accept: "text/html" },
      });
      browser.jar.store(login.setCookies, guarded.url);
      const { url } = await guarded.provider.authorize(String(login.headers.location), {});
      const callback = await browser.navigate(url);
      expect(new URL(String(callback.headers.location), guarded.url).origin).toBe(guarded.url);
      await guarded.close();
    },
  );
});

describe("S19 to S21: hostile input is answered, never echoed", () => {
  const markup = "<script>alert(1)</script>";
  const parameters = ["error", "error_description", "state", "iss", "code"];
  test.each(parameters)("markup in %s is not in the response; on a loopback address not as markup", async (name) => {
    const site = await startApp({ options: { baseUrl: "https://app.example" } });
    ended.push(() => void site.close());
    for (const { provider, browser: open } of [site, app]) {
      const browser = open();
      const { headers } = await browser.navigate("/auth/login");
      const { url } = await provider.authorize(String(headers.location), { user: { sub: "alice" } });
      const callback = new URL(url);
      callback.searchParams.set(name, markup);
      const answer = await browser.navigate(pathOf(callback));
      expect(answer.body).not.toContain("<script");
      if (provider === site.provider) expect(answer.body).not.toContain("alert(1)");
      expect(JSON.stringify(answer.headers)).not.toContain("alert(1)");
    }
  });

  test("any query and any cookie get a finished response below 500", async () => {
    const text = fc.oneof(
      fc.string({ unit: "binary-ascii" }),
      fc.constantFrom(
        "%",
        "%E0%A4",
        "\u00a0",
        "a".repeat(9000),
        "latchkey.since=9e99",
        "latchkey.AAAAAA.id.0=99999999",
      ),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("/auth/callback", "/auth/login", "/auth/me", "/"),
        text,
        text,
        async (path, query, cookie) => {
          const target = `${path}?${encodeURI(query).slice(0, 4000)}`;
          // biome-ignore lint/suspicious/noControlCharactersInRegex: characters that no HTTP client can send
          const header = cookie.replace(/[\u0000-\u0008\u000a-\u001f\u007f]/g, "");
          const answer = await plainRequest(app.url, target, {
            headers: { cookie: header, "sec-fetch-mode": "navigate" },
          });
          expect(answer.status).toBeLessThan(500);
        },
      ),
      runs(),
    );
  });
});

describe("S42: a route has one spelling", () => {
  test.each([
    "//auth/login",
    "/auth%2Flogin",
    "/AUTH/login",
    "/auth/Login",
    "/auth/login/x",
    "/auth/./login",
    "/xauth/login",
  ])("%s is not a route of latchkey", async (target) => {
    const answer = await plainRequest(app.url, target, { headers: { "sec-fetch-mode": "navigate" } });
    expect(answer.headers["set-cookie"]).toBeUndefined();
    expect(answer.headers.location).toBeUndefined();
  });
});

describe("S40, S41: the origin comes from configuration", () => {
  test("forged hosts change nothing, and the first request does not decide for later ones", async () => {
    const several = await startApp({ options: { baseUrl: ["https://a.example", "https://b.example"] } });
    const redirectUri = async (host: string, forwarded?: string) => {
      const headers = {
        host,
        "sec-fetch-mode": "navigate",
        ...(forwarded ? { "x-forwarded-host": forwarded, "x-forwarded-proto": "http" } : {}),
      };
      const answer = await plainRequest(several.url, "/auth/login", { headers });
      expect(answer.headers["set-cookie"]?.[0]).toMatch(/^__Host-latchkey\.tx\.[\w-]+=.*; Secure/);
      return new URL(String(answer.headers.location)).searchParams.get("redirect_uri");
    };
    expect(await redirectUri("evil.example")).toBe("https://a.example/auth/callback");
    expect(await redirectUri("b.example")).toBe("https://b.example/auth/callback");
    expect(await redirectUri("a.example", "b.example")).toBe("https://a.example/auth/callback");
    expect(await redirectUri("a.example.evil.example")).toBe("https://a.example/auth/callback");
    await several.close();
  });

  // RFC 9110 5.6.3: spaces and tabs surround a value, other blanks are part of it. Tried as bytes and as UTF-8.
  const inHeaders = [...BLANKS, ...NO_BLANK].filter((blank) => !/[\n\v\f\r]/.test(blank));
  test("behind a trusted proxy, the forwarded host counts, without the spaces and tabs around it", async () => {
    const express = onExpress((() => express5().set("trust proxy", true)) as unknown as typeof express5);
    const options = { baseUrl: ["https://a.example", "https://b.example"] };
    const several = await startApp({ framework: express, options });
    const redirectUri = async (forwarded: string) => {
      const headers = { "sec-fetch-mode": "navigate", "x-forwarded-host": forwarded };
      const answer = await plainRequest(several.url, "/auth/login", { headers });
      return new URL(String(answer.headers.location)).searchParams.get("redirect_uri");
    };
    for (const forwarded of ["b.example", "B.example", "b.example,a.example", "b.example , evil.example"])
      expect([forwarded, await redirectUri(forwarded)]).toEqual([forwarded, "https://b.example/auth/callback"]);
    for (const blank of inHeaders) {
      const bytes =
        blank < "\u0100" ? [blank, Buffer.from(blank).toString("latin1")] : [Buffer.from(blank).toString("latin1")];
      for (const text of bytes) {
        for (const forwarded of [`${text}b.example,a.example`, `b.example${text},a.example`]) {
          const is = isTrimmed(text) ? "b" : "a";
          expect([forwarded, await redirectUri(forwarded)]).toEqual([forwarded, `https://${is}.example/auth/callback`]);
        }
      }
    }
    await several.close();
  });
});
