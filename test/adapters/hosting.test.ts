import express from "express";
import { NextRequest } from "next/server.js";
import { afterEach, describe, expect, test } from "vitest";
import { auth, requireSession } from "../../adapters/express.js";
import type { AuthOptions } from "../../adapters/lib/auth-options.js";
import { createAuth } from "../../adapters/next/index.js";
import { createTestProvider } from "../../adapters/testing/index.js";
import { type Framework, startApp, type TestApp } from "../support/app.js";
import { edgeApp } from "../support/edge-app.js";
import { expressApps } from "../support/express-app.js";
import { nodeApp } from "../support/node-app.js";

const frameworks: ReadonlyArray<readonly [string, Framework]> = [
  ...Object.entries(expressApps),
  ["node:http", nodeApp],
  ["edge", edgeApp],
];

let app: TestApp | undefined;
afterEach(() => app?.close());

/** A framework behind a proxy that takes `prefix` off the path of each request. */
const behind =
  (framework: Framework, prefix: string): Framework =>
  async (...args) => {
    const listener = await framework(...args);
    return (req, res) => {
      req.url = req.url?.startsWith(prefix) ? req.url.slice(prefix.length) || "/" : "/outside-of-the-proxy";
      return listener(req, res);
    };
  };

/** An Express app whose router at `path` has `auth()` and a guarded page. */
const inRouter =
  (path: string): Framework =>
  (options) => {
    const router = express.Router();
    router.use(auth(options));
    router.get("/private", requireSession(), (_req, res) => void res.send("private"));
    return express().use(path, router);
  };

/** A visitor opens the guarded page, signs in and comes back to it. */
async function visitPrivatePage({ url, provider, browser }: TestApp, base: string): Promise<void> {
  const visitor = browser();
  const guarded = await visitor.navigate(`${base}/private?tab=2`);
  const login = new URL(String(guarded.headers.location));
  expect(login.href).toBe(`${url}${base}/auth/login?returnTo=${encodeURIComponent(`${base}/private?tab=2`)}`);
  const { headers } = await visitor.navigate(login.href);
  const authorization = new URL(String(headers.location));
  expect(authorization.searchParams.get("redirect_uri")).toBe(`${url}${base}/auth/callback`);
  const back = await provider.authorize(authorization.href, { user: { sub: "alice" } });
  const callback = await visitor.navigate(back.url);
  expect(callback.headers.location).toBe(`${url}${base}/private?tab=2`);
  expect((await visitor.navigate(String(callback.headers.location))).status).toBe(200);
  const logout = await visitor.fetch(`${base}/auth/logout`, { method: "POST" });
  expect(new URL(String(logout.headers.location)).searchParams.get("post_logout_redirect_uri")).toBe(`${url}${base}/`);
  expect((await visitor.fetch(`${base}/private`)).status).toBe(401);
}

const at = (path: string) => (url: string) => ({ baseUrl: url + path });

describe.each(frameworks)("behind a proxy that takes the path of the base URL off, %s", (_name, framework) => {
  test.each(["/app", "/tools/app"])("serves %s", async (path) => {
    app = await startApp({ framework: behind(framework, path), options: at(path) });
    await visitPrivatePage(app, path);
  });

  test("starts a sign-in of the app's own at the page that the browser shows", async () => {
    app = await startApp({ framework: behind(framework, "/app"), options: at("/app") });
    const { headers } = await app.browser().navigate("/app/auth/login?returnTo=/app/x");
    expect(new URL(String(headers.location)).searchParams.get("redirect_uri")).toBe(`${app.url}/app/auth/callback`);
  });
});

describe("a router of Express", () => {
  test.each([
    ["at the path of the base URL", inRouter("/shop"), "/shop"],
    ["behind a proxy that takes the first segment off", behind(inRouter("/shop"), "/app"), "/app/shop"],
    ["behind a proxy that takes the whole path off", behind(inRouter("/"), "/app/shop"), "/app/shop"],
  ])("%s signs in and out", async (_what, framework, path) => {
    app = await startApp({ framework, options: at(path) });
    await visitPrivatePage(app, path);
  });
});

test("Next's proxy sends a visitor back to the page of the browser, if a proxy before it takes the path off", async () => {
  const provider = await createTestProvider();
  const { issuer, clientId, clientSecret, fetch } = provider;
  const secret = "a secret for tests of at least thirty-two characters";
  const options = { issuer, clientId, clientSecret, fetch, secret, baseUrl: "https://h.example/app" };
  const proxy = createAuth(options).withProxy((_request, { requireSession: guard }) => guard());
  const headers = { "sec-fetch-mode": "navigate", accept: "text/html" };
  const response = await proxy(new NextRequest("http://10.0.0.1:3000/account?tab=2", { headers }));
  expect(response.headers.get("location")).toBe("https://h.example/app/auth/login?returnTo=%2Fapp%2Faccount%3Ftab%3D2");
});

describe.each(frameworks)("a callback path of the app's own, %s", (_name, framework) => {
  test.each<[path: string, options: Partial<AuthOptions>]>([
    ["/callback", {}],
    ["/signin-oidc", {}],
    ["/api/oidc/return/", {}],
    ["/auth/done", {}],
    ["/callback", { trailingSlash: true, mount: "/account" }],
    ["/callback", { responseMode: "form_post" }],
  ])("%s, with %o", async (callbackPath, options) => {
    app = await startApp({ framework, options: { ...options, callbackPath } });
    const { mount = "/auth" } = options;
    const visitor = app.browser();
    const login = await visitor.navigate(`${mount}/login?returnTo=/private`);
    const authorization = new URL(String(login.headers.location));
    expect(authorization.searchParams.get("redirect_uri")).toBe(app.url + callbackPath);
    const back = await app.provider.authorize(authorization.href, { user: { sub: "alice" } });
    const form = {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: back.body ?? "",
    };
    let callback = await visitor.navigate(back.url, back.method === "POST" ? form : {});
    if (back.method === "POST") callback = await visitor.navigate(String(callback.headers.location));
    expect(callback.headers.location).toBe(`${app.url}/private`);
    expect((await visitor.fetch("/private")).status).toBe(200);
    expect((await visitor.navigate(`${mount}/callback?code=1&state=2`)).status).toBe(404);
  });

  test("is under the path of the base URL", async () => {
    app = await startApp({
      framework: behind(framework, "/app"),
      options: (url) => ({ ...at("/app")(url), callbackPath: "/callback" }),
    });
    const callback = await app.browser().signIn({ sub: "alice" }, "/app/auth/login");
    expect(callback.headers.location).toBe(`${app.url}/app/`);
  });
});
