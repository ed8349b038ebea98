import { createElement, type ReactNode } from "react";
import { renderToString } from "react-dom/server";
import { expect, test, vi } from "vitest";
import {
  Auth0Provider,
  AuthProvider,
  SessionProvider,
  useAuth,
  useSession,
  withAuth,
  withLoginRequired,
} from "../../../adapters/react/index.js";

const Session = () => JSON.stringify(useSession()) as ReactNode;
const Auth = () => JSON.stringify(useAuth({ audience: "https://api.example" })) as ReactNode;
const Guarded = withLoginRequired(withAuth(() => "secret"));

const text = (html: string) => html.replaceAll("&quot;", '"');

const children = [Session, Auth, Guarded].map((Component) => createElement(Component, { key: Component.name }));

test("a server renders without a page, sends no request, and renders no secret", () => {
  expect([typeof window, typeof document, typeof location]).toEqual(Array(3).fill("undefined"));
  const fetch = vi.fn();
  const client = { issuer: "https://op.example", clientId: "c", redirectUri: "https://app.example/", fetch };
  const onRedirecting = () => "wait";
  const html = text(renderToString(createElement(AuthProvider, { ...client, onRedirecting }, children)));
  expect(html.match(/"isLoading":true/g)).toHaveLength(2);
  expect(html).toMatch(/"accessToken":null.*wait$/s);
  expect(renderToString(createElement(SessionProvider, { fetch }, children))).not.toContain("secret");
  expect(fetch).not.toHaveBeenCalled();
});

test("a session that the server passes is rendered", () => {
  const session = { user: { sub: "alice" }, expiresAt: 0 };
  const html = text(renderToString(createElement(SessionProvider, { session }, children)));
  expect(html.match(/"sub":"alice"/g)).toHaveLength(2);
  expect(html).toMatch(/secret$/);
});

test("an app may compute its redirect URI from the page, which a server does not have", () => {
  const redirectUri = typeof window === "undefined" ? undefined : "x";
  const props = { domain: "tenant.eu.auth0.com", clientId: "c", redirectUri: redirectUri as never };
  expect(renderToString(createElement(Auth0Provider, props, createElement(Auth)))).toContain("isLoading");
});
