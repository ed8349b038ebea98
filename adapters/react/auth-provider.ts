import { createElement, type ReactElement, type ReactNode, useEffect, useState } from "react";
import { createClient } from "../browser/client.js";
import type { Client } from "../browser/client-types.js";
import type { ClientOptions } from "../browser/options.js";
import { ClientModel, type ClientModelOptions } from "./client-model.js";
import { AuthContext } from "./context.js";
import type { AuthHandlers } from "./model.js";

/** The options of a client, or a client. The first render's count; handlers may change with every render. */
export type AuthProviderProps = AuthHandlers & { children?: ReactNode } & (ClientOptions | { client: Client });

/**
 * Signs in in the page itself, for sites without a server: the page is the client of the provider, and keeps tokens in memory
 * alone.
 *
 * @example
 * ```tsx
 * import { AuthProvider, useAuth } from "latchkey/react";
 *
 * function Greeting() {
 *   const { user, isLoading, login, logout } = useAuth();
 *   if (isLoading) return <p>…</p>;
 *   return user ? <button onClick={logout}>Sign out {user.name}</button> : <button onClick={login}>Sign in</button>;
 * }
 *
 * export const App = () => (
 *   <AuthProvider issuer="https://tenant.eu.auth0.com/" clientId="…" redirectUri="https://app.example/callback/">
 *     <Greeting />
 *   </AuthProvider>
 * );
 * ```
 * @throws MisuseError (`invalid_config`) in the page, when the options are wrong
 */
export const AuthProvider = (props: AuthProviderProps): ReactElement => useClientProvider(props);

/** What `AuthProvider` and `Auth0Provider` render. */
export function useClientProvider(
  props: AuthProviderProps,
  toLogoutOptions?: ClientModelOptions["toLogoutOptions"],
): ReactElement {
  const { children, onRedirecting, onRedirectCallback, onLoginError, onAccessTokenError, ...rest } = props;
  const handlers = { onRedirecting, onRedirectCallback, onLoginError, onAccessTokenError };
  const [model] = useState(() => {
    const options = { handlers, toLogoutOptions };
    return "client" in rest
      ? new ClientModel({ ...options, createClient: () => rest.client, now: Date.now })
      : new ClientModel({ ...options, createClient: () => createClient(rest), now: rest.now ?? Date.now });
  });
  useEffect(() => {
    model.handlers = handlers;
  });
  useEffect(() => model.start(), [model]);
  return createElement(AuthContext.Provider, { value: model }, children);
}
