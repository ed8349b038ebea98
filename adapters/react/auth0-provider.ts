import type { ReactElement, ReactNode } from "react";
import { auth0 } from "../browser/index.js";
import type { ClientOptions } from "../browser/options.js";
import { clientExamples } from "../browser/settings.js";
import { type AuthProviderProps, useClientProvider } from "./auth-provider.js";
import { fromAuth0LogoutOptions } from "./auth0-options.js";
import { parametersIn } from "./login-options.js";
import type { AuthHandlers } from "./model.js";

/**
 * The options of `use-auth0-hooks`, and all of latchkey's. Any other member with a name in lower case, and a string, number or
 * boolean as its value, becomes an authorization parameter of every sign-in: `connection`, `organization`, `ui_locales`.
 * Options of other libraries that have no meaning here (`cacheLocation`) are ignored.
 */
export interface Auth0ProviderProps extends AuthHandlers, Omit<ClientOptions, "issuer" | "scope"> {
  /** The tenant's host, such as `tenant.eu.auth0.com`. Required. */
  domain: string;
  /** The provider's issuer. @default `https://{domain}/` */
  issuer?: string | undefined;
  /** Requested in addition to `openid profile email`. @default none */
  scope?: string | undefined;
  /** Requests a refresh token. @default false */
  useRefreshTokens?: boolean | undefined;
  /** Auth0's name of `clockTolerance`, in seconds. @default 30 */
  leeway?: number | undefined;
  /** Auth0's name of `httpTimeout`, in seconds. @default 5 */
  authorizeTimeoutInSeconds?: number | undefined;
  children?: ReactNode;
  [parameter: string]: unknown;
}

function propsOf(props: Auth0ProviderProps): AuthProviderProps {
  const { domain, issuer, scope, useRefreshTokens, leeway, authorizeTimeoutInSeconds, ...rest } = props;
  const { children: _children, authorizationParams, ...others } = rest;
  // `createClient` throws for options that it does not know, so options of other libraries are left out.
  const isOption = (name: string) => name in clientExamples || /^(client$|on[A-Z])/.test(name);
  const entries = Object.entries(others);
  const parameters = entries.filter(([name]) => !isOption(name) && !/[A-Z]/.test(name));
  return {
    clockTolerance: leeway,
    httpTimeout: authorizeTimeoutInSeconds,
    ...(Object.fromEntries(entries.filter(([name]) => isOption(name))) as typeof others),
    issuer: issuer ?? auth0({ domain }).issuer,
    // A sign-in requests each word once.
    scope: ["openid profile email", scope, useRefreshTokens && "offline_access"].filter(Boolean).join(" "),
    authorizationParams: { ...parametersIn(Object.fromEntries(parameters)), ...authorizationParams },
  };
}

/**
 * {@link AuthProvider} with Auth0's names of the options, for an app that used `use-auth0-hooks`.
 *
 * @example
 * ```tsx
 * import { Auth0Provider } from "latchkey/react";
 *
 * export const App = () => (
 *   <Auth0Provider domain="tenant.eu.auth0.com" clientId="…" redirectUri="https://app.example/callback/">
 *     <p>Hello</p>
 *   </Auth0Provider>
 * );
 * ```
 */
export const Auth0Provider = (props: Auth0ProviderProps): ReactElement =>
  useClientProvider({ ...propsOf(props), children: props.children }, fromAuth0LogoutOptions);
