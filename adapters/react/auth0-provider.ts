import { createElement, type ReactElement, type ReactNode } from "react";
import type { ClientOptions } from "../browser/options.js";
import { AuthProvider, type AuthProviderProps } from "./auth-provider.js";
import { parametersIn } from "./login-options.js";
import type { AuthHandlers } from "./model.js";

/**
 * The options of `use-auth0-hooks`, and all of latchkey's. Any other member with a text, a number or a boolean is an
 * authorization parameter of every sign-in: `connection`, `organization`, `ui_locales`.
 */
export interface Auth0ProviderProps extends AuthHandlers, Omit<ClientOptions, "issuer" | "scope"> {
  /** The tenant's host, such as `tenant.eu.auth0.com`. */
  domain: string;
  /** The provider's issuer, where it is not `https://{domain}/`. */
  issuer?: string | undefined;
  /** Beyond `openid profile email`, which is always asked for. */
  scope?: string | undefined;
  /** Asks for a refresh token. @default false */
  useRefreshTokens?: boolean | undefined;
  /** Seconds by which the provider's clock may differ: `clockTolerance`. */
  leeway?: number | undefined;
  /** Seconds that a hidden frame may take: `httpTimeout`. */
  authorizeTimeoutInSeconds?: number | undefined;
  children?: ReactNode;
  [parameter: string]: unknown;
}

/** What goes to {@link AuthProvider} as it is. The compiler minds that none is forgotten. */
const known: Record<
  Exclude<keyof ClientOptions, "issuer" | "scope" | "authorizationParams"> | keyof AuthHandlers,
  true
> = {
  clientId: true,
  redirectUri: true,
  silentRedirectUri: true,
  postLogoutRedirectUri: true,
  audience: true,
  resourceIndicators: true,
  allowRedirect: true,
  userinfo: true,
  idTokenSigningAlg: true,
  httpTimeout: true,
  clockTolerance: true,
  onEvent: true,
  navigate: true,
  now: true,
  random: true,
  fetch: true,
  onRedirecting: true,
  onRedirectCallback: true,
  onLoginError: true,
  onAccessTokenError: true,
};

/** What has no meaning here: tokens are in memory, and nothing is sent about this library. */
const ignored = ["cacheLocation", "auth0Client", "advancedOptions", "cookieDomain", "useCookiesForTransactions"];

function propsOf(props: Auth0ProviderProps): AuthProviderProps {
  const { domain, issuer, scope, useRefreshTokens, leeway, authorizeTimeoutInSeconds, ...rest } = props;
  const { children, authorizationParams, ...others } = rest;
  const scopes = new Set(["openid", "profile", "email", ...(scope?.split(" ") ?? [])]);
  if (useRefreshTokens) scopes.add("offline_access");
  const options: Record<string, unknown> = { clockTolerance: leeway, httpTimeout: authorizeTimeoutInSeconds };
  const parameters: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(others)) {
    if (name in known) options[name] = value;
    else if (!ignored.includes(name)) parameters[name] = value;
  }
  return {
    ...(options as unknown as ClientOptions),
    issuer: issuer ?? `https://${domain}/`,
    scope: [...scopes].join(" "),
    authorizationParams: { ...parametersIn(parameters), ...authorizationParams },
  };
}

/** {@link AuthProvider} with Auth0's words. */
export const Auth0Provider = (props: Auth0ProviderProps): ReactElement =>
  createElement(AuthProvider, propsOf(props), props.children);
