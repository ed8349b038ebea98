import { describe, expect, test } from "vitest";
import { ExchangeError, type ExchangeErrorCode } from "../../../core/errors.js";
import { errorPage } from "../../../core/relying-party/error-page.js";
import { redirect } from "../../../core/relying-party/replies.js";
import { chooseSite, routeOf, routePath } from "../../../core/relying-party/site.js";
import { exchangeStatus } from "../../support/exchange-status.js";

const site = (origin: string, path = "") => ({ origin, path, secure: origin.startsWith("https") });
const request = (url: string, host?: string) => ({
  method: "GET",
  url,
  headers: { get: (name: string) => (name === "host" ? (host ?? null) : null) },
});

describe("the site of a request", () => {
  const first = site("https://a.example");
  const shop = site("https://b.example", "/shop");
  const sale = site("https://b.example", "/shop/sale");
  const local = site("http://localhost:3001");
  const plain = site("http://localhost");
  test.each([
    ["by its host", "/", "a.example", first],
    ["by its host in any case", "/shop", "B.EXAMPLE", shop],
    ["by the longest path that matches", "/shop/sale/x", "b.example", sale],
    ["by whole segments of the path", "/shop/sales", "b.example", shop],
    ["as the first one of the host, if no path matches", "/", "b.example", shop],
    ["as the first one, for a host that is not configured (S40)", "/", "evil.example", first],
    ["as the first one, for a host that ends like a configured one", "/", "evil-a.example", first],
    ["by its host with the default port of its scheme, which some proxies name", "/shop", "b.example:443", shop],
    ["by its host with another port", "/", "localhost:3001", local],
    ["by its host with the default port of http", "/", "LOCALHOST:80", plain],
    ["as the first one, for the default port of another scheme", "/shop", "b.example:80", first],
    ["as the first one, without a host", "/", undefined, first],
  ])("is chosen %s", (_what, url, host, expected) => {
    expect(chooseSite([first, shop, sale, local, plain], request(url, host))).toBe(expected);
  });

  test("is the only one for any host, if one is configured", () => {
    expect(chooseSite([first], request("/", "evil.example"))).toBe(first);
  });
});

describe("routes", () => {
  const config = { mount: "/auth", trailingSlash: false };
  const shop = site("https://b.example", "/shop");
  test.each([
    ["/shop/auth/login", "login"],
    ["/shop/auth/callback/", "callback"],
    ["/shop/auth/logout?x", "logout"],
    ["/shop/auth/me", "me"],
    ["/auth/login", undefined],
    ["/shop/auth/loginx", undefined],
    ["/shop/auth/login//", undefined],
    ["/shop/auth", undefined],
  ])("%s is the route %s", (url, route) => {
    expect(routeOf(request(url), shop, { config, providers: [{ config }] })?.route).toBe(route);
  });

  test("have a slash at the end with `trailingSlash`", () => {
    expect(routePath(shop, config, "login")).toBe("/shop/auth/login");
    expect(routePath(shop, { ...config, trailingSlash: true }, "login")).toBe("/shop/auth/login/");
  });
});

test("a redirect after a POST does not make the browser send the form again (RFC 9700 4.12)", () => {
  expect([redirect("/x", "POST").status, redirect("/x", "GET").status]).toEqual([303, 302]);
});

test.each(Object.entries(exchangeStatus))(
  "the error page of %s has its status, its code and no script",
  (code, status) => {
    const {
      status: sent,
      headers,
      body,
    } = errorPage({
      error: new ExchangeError(code as ExchangeErrorCode),
      advice: undefined,
      retryUrl: "/auth/login?returnTo=%2F",
      homeUrl: "/",
    });
    expect(sent).toBe(status);
    expect(headers["content-security-policy"]).toContain("default-src 'none'");
    expect(headers["referrer-policy"]).toBe("no-referrer");
    expect(body).toContain(`<code>${code}</code>`);
    expect(body).toContain('<a href="/auth/login?returnTo=%2F">Try again</a>');
    expect(body).not.toContain("<script");
  },
);
