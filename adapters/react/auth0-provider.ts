import { createElement, type ReactElement, type ReactNode } from "react";
import { auth0 } from "../browser/index.js";
import type { ClientOptions } from "../browser/options.js";
import { AuthProvider, type AuthProviderProps } from "./auth-provider.js";
import { parametersIn } from "./login-options.js";
import type { AuthHandlers } from "./model.js";

/**
 * The options of `use-auth0-hooks`, and all of latchkey's. Any other member in lower case, with a text, a number or a
 * boolean, is an authorization parameter of every sign-in: `connection`, `organization`, `ui_locales`. Options of other
 * libraries that have no meaning here (`cacheLocation`) are passed over.
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

/** Options of a client that could be taken for authorization parameters. The compiler minds that none is forgotten. */
type Plain = {
  [Name in keyof ClientOptions]-?: Extract<ClientOptions[Name], string | number | boolean> extends never ? never : Name;
}[keyof ClientOptions];
const ours: Record<Exclude<Extract<Plain, Lowercase<Plain>>, "issuer" | "scope">, true> = {
  audience: true,
  userinfo: true,
};

function propsOf(props: Auth0ProviderProps): AuthProviderProps {
  const { domain, issuer, scope, useRefreshTokens, leeway, authorizeTimeoutInSeconds, ...rest } = props;
  const { children: _children, authorizationParams, ...others } = rest;
  const scopes = new Set(["openid", "profile", "email", ...(scope?.split(" ") ?? [])]);
  if (useRefreshTokens) scopes.add("offline_access");
  const parameters = Object.fromEntries(
    Object.entries(others).filter(([name]) => !/[A-Z]/.test(name) && !(name in ours)),
  );
  return {
    clockTolerance: leeway,
    httpTimeout: authorizeTimeoutInSeconds,
    ...others,
    issuer: issuer ?? auth0({ domain }).issuer,
    scope: [...scopes].join(" "),
    authorizationParams: { ...parametersIn(parameters), ...authorizationParams },
  };
}

/** {@link AuthProvider} with Auth0's words. */
export const Auth0Provider = (props: Auth0ProviderProps): ReactElement =>
  createElement(AuthProvider, propsOf(props), props.children);
