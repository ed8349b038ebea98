// @vitest-environment jsdom
import { createElement, type ReactNode } from "react";
import { describe, expect, test, vi } from "vitest";
import {
  Auth0Provider,
  type Auth0ProviderProps,
  type AuthHandlers,
  AuthProvider,
  type ClientOptions,
  useAuth,
  withAuth,
  withLoginRequired,
} from "../../../adapters/react/index.js";
import { createTestProvider, type TestProviderOptions } from "../../../adapters/testing/index.js";
import { loadFrames } from "../../support/frames.js";
import { doing, probe, settle, show, strictly, underReact, until } from "../../support/react.js";

underReact();

const API = { audience: "https://shows.example", scope: "read:shows" };

/** A site with a provider. `load` shows a page with a new client, as a browser does after a redirect. */
async function createSite(more: Partial<ClientOptions> = {}, providerOptions: TestProviderOptions = {}) {
  const provider = await createTestProvider({ clientSecret: "", ...providerOptions });
  loadFrames(provider);
  const navigations: string[] = [];
  const options = {
    issuer: provider.issuer,
    clientId: provider.clientId,
    redirectUri: `${location.origin}/callback`,
    navigate: (url: string) => void navigations.push(url),
    // jsdom's signals are of another realm, so Node's fetch would refuse them.
    fetch: (url: string, init?: object) => provider.fetch(url, { ...init, signal: null }),
    ...more,
  };
  return {
    provider,
    navigations,
    last: () => navigations.at(-1) as string,
    load: (handlers: AuthHandlers, ...children: ReactNode[]) =>
      show(strictly(createElement(AuthProvider, { ...options, ...handlers }, ...children))),
    options,
  };
}

type Site = Awaited<ReturnType<typeof createSite>>;

/** Completes a sign-in at the provider, and sets the page's URL to the callback. */
async function returnToCallback({ provider, last }: Site, options = {}): Promise<void> {
  history.replaceState(null, "", (await provider.authorize(last(), options)).url);
}

describe("with the real client", () => {
  test("no user, then a sign-in, then the user and a token for an API", async () => {
    const site = await createSite();
    const first = probe(() => useAuth());
    const page = await site.load({}, createElement(first.Probe));
    await until(() => expect(first.last()).toMatchObject({ user: null, isLoading: false, error: null }));
    history.replaceState(null, "", "/shows?page=2");
    await doing(() => first.last().login({ appState: { n: 1 }, login_hint: "alice@example.com" }));
    expect(new URL(site.last()).searchParams.get("login_hint")).toBe("alice@example.com");
    await page.unmount();

    await returnToCallback(site);
    const onRedirectCallback = vi.fn();
    const second = probe(() => useAuth(API));
    await site.load({ onRedirectCallback }, createElement(second.Probe));
    await until(() => expect(second.last().accessToken).toBeTruthy());
    expect(second.last()).toMatchObject({ user: { sub: "alice" }, isAuthenticated: true, error: null });
    expect(onRedirectCallback.mock.calls).toEqual([[{ n: 1 }, "/shows?page=2"]]);
    const codes = site.provider.requests.filter(({ parameters }) => parameters["grant_type"] === "authorization_code");
    // One code for the sign-in and one for the token, although StrictMode runs each effect twice.
    expect(codes).toHaveLength(2);
  });

  test("a page behind withLoginRequired: to the provider and back to the page, without a loop", async () => {
    const site = await createSite();
    const Secret = withLoginRequired(withAuth(({ auth }) => createElement("b", null, `Hello ${auth.user?.name}`)));
    history.replaceState(null, "", "/secret?tab=1");
    const onRedirecting = () => "Signing in";
    const page = await site.load({ onRedirecting }, createElement(Secret));
    await until(() => expect(site.navigations).toHaveLength(1));
    expect(page.text()).toBe("Signing in");
    await page.unmount();

    await returnToCallback(site);
    const { text } = await site.load({ onRedirecting }, createElement(Secret));
    await until(() => expect(text()).toBe("Hello Alice"));
    expect(location.pathname + location.search).toBe("/secret?tab=1");
    expect(site.navigations).toHaveLength(1);
  });

  test("a sign-in that the user refuses is an error, and starts no new sign-in", async () => {
    const site = await createSite();
    const Secret = withLoginRequired(() => "secret");
    const page = await site.load({}, createElement(Secret));
    await until(() => expect(site.navigations).toHaveLength(1));
    await page.unmount();

    await returnToCallback(site, { deny: true });
    const { Probe, last } = probe(() => useAuth());
    const onLoginError = vi.fn();
    await site.load({ onLoginError }, createElement(Secret), createElement(Probe));
    await until(() => expect(last().error).toMatchObject({ code: "access_denied" }));
    await settle(20);
    expect([site.navigations.length, onLoginError.mock.calls.length, location.search]).toEqual([1, 1, ""]);
  });

  test("a token is renewed before it expires, and is not shown after that", async () => {
    const site = await createSite({}, { accessTokenLifetime: 2 });
    site.provider.signInAs({ sub: "alice" });
    const { Probe, renders } = probe(() => ({ ...useAuth({}), at: Date.now() }));
    await site.load({}, createElement(Probe));
    const tokens = () => [...new Set(renders.flatMap(({ accessToken }) => accessToken ?? []))];
    await until(() => expect(tokens()).toHaveLength(2));
    for (const { accessToken, at } of renders) {
      const { exp = 0 } = accessToken ? JSON.parse(atob(accessToken.split(".")[1] as string)) : { exp: Infinity };
      expect(at).toBeLessThan(exp * 1000);
    }
    const from = renders.findIndex(({ accessToken }) => accessToken);
    expect(renders.slice(from).every(({ accessToken, isLoading }) => accessToken && !isLoading)).toBe(true);
  });

  test("many APIs at once, each with its token, without a double request", async () => {
    const site = await createSite();
    site.provider.signInAs({ sub: "alice" });
    const names = ["a", "b", "c", "d", "e", "f"];
    const probes = names.map((name) => probe(() => useAuth({ audience: `https://${name}.example` })));
    await site.load({}, ...probes.map(({ Probe }, key) => createElement(Probe, { key })));
    await until(() => {
      for (const { last } of probes) expect(last().accessToken).toBeTruthy();
    });
    const before = site.provider.requests.length;
    await settle(50);
    expect(site.provider.requests).toHaveLength(before);
    expect(new Set(probes.map(({ last }) => last().accessToken)).size).toBe(names.length);
  });

  test("each renewal names the organization of the sign-in", async () => {
    const site = await createSite({}, { user: { sub: "alice", org_id: "org_1" } });
    const first = probe(() => useAuth());
    const page = await site.load({}, createElement(first.Probe));
    await until(() => expect(first.last().isLoading).toBe(false));
    await doing(() => first.last().login({ organization: "org_1" }));
    await page.unmount();
    await returnToCallback(site);
    const authorize = vi.spyOn(site.provider, "authorize");
    const second = probe(() => useAuth(API));
    await site.load({}, createElement(second.Probe));
    await until(() => expect(second.last().accessToken).toBeTruthy());
    const organizations = authorize.mock.calls.map(([url]) => new URL(url).searchParams.get("organization"));
    expect(organizations).toEqual(["org_1"]);
  });

  test("other parameters named code and state stay in the URL", async () => {
    const site = await createSite();
    history.replaceState(null, "", "/callback?code=x&state=y");
    const { Probe, last } = probe(() => useAuth());
    const onLoginError = vi.fn();
    await site.load({ onLoginError }, createElement(Probe));
    await until(() => expect(last()).toMatchObject({ isLoading: false, error: null }));
    expect([location.search, onLoginError.mock.calls]).toEqual(["?code=x&state=y", []]);
  });

  test("a user who is signed in at the provider is signed in to the app, and signs out of both", async () => {
    const site = await createSite();
    site.provider.signInAs({ sub: "bob" });
    const { Probe, last } = probe(() => useAuth());
    await site.load({}, createElement(Probe));
    await until(() => expect(last().user).toEqual({ sub: "bob" }));
    await doing(() => last().logout({ returnTo: "/bye" }));
    expect(last().user).toBeNull();
    expect(new URL(site.last()).searchParams.get("post_logout_redirect_uri")).toBe(`${location.origin}/bye`);
  });
});

describe("Auth0Provider", () => {
  test("maps Auth0's names to latchkey's options", async () => {
    const site = await createSite();
    const { issuer, ...rest } = site.options;
    const { Probe, last } = probe(() => useAuth());
    const props: Auth0ProviderProps = {
      ...rest,
      domain: "op.example",
      issuer,
      audience: API.audience,
      scope: API.scope,
      useRefreshTokens: true,
      cacheLocation: "localstorage",
      legacySameSiteCookie: false,
      userinfo: false,
      connection: "google",
      ui_locales: "de",
      authorizationParams: { screen_hint: "signup" },
      unused: undefined,
    };
    await show(createElement(Auth0Provider, props, "text", createElement(Probe)));
    await until(() => expect(last().isLoading).toBe(false));
    await doing(() => last().login());
    const { searchParams } = new URL(site.last());
    expect(Object.fromEntries(searchParams)).toMatchObject({
      client_id: "client",
      redirect_uri: `${location.origin}/callback`,
      audience: API.audience,
      scope: "openid profile email read:shows offline_access",
      connection: "google",
      ui_locales: "de",
      screen_hint: "signup",
    });
    for (const name of ["cacheLocation", "legacySameSiteCookie", "clientId", "redirectUri", "userinfo", "children"]) {
      expect([...searchParams.keys()]).not.toContain(name);
    }
  });

  test("refuses a redirect URI of another origin", async () => {
    const props = { domain: "op.example", clientId: "c", redirectUri: "https://elsewhere.example/callback" };
    const { Probe } = probe(() => useAuth());
    vi.spyOn(console, "error").mockImplementation(() => {});
    await expect(show(createElement(Auth0Provider, props, createElement(Probe)))).rejects.toMatchObject({
      code: "invalid_config",
    });
  });

  test("derives the issuer from the domain", async () => {
    const requests: string[] = [];
    const { Probe, last } = probe(() => useAuth());
    const fetch = async (url: string) => {
      requests.push(url);
      throw new TypeError("no network");
    };
    const props = {
      domain: "https://tenant.eu.auth0.com/",
      clientId: "c",
      redirectUri: `${location.origin}/`,
      fetch,
      onLoginError: () => {},
    };
    await show(createElement(Auth0Provider, props, createElement(Probe)));
    await until(() => expect(last().error).toMatchObject({ code: "provider_unreachable" }));
    expect(requests[0]).toBe("https://tenant.eu.auth0.com/.well-known/openid-configuration");
  });
});
