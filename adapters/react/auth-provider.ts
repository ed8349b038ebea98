import { createElement, type ReactElement, type ReactNode, useEffect, useState } from "react";
import { createClient } from "../browser/client.js";
import type { Client } from "../browser/client-types.js";
import type { ClientOptions } from "../browser/options.js";
import { ClientModel, type ToLogoutOptions } from "./client-model.js";
import { AuthContext } from "./context.js";
import type { AuthHandlers } from "./model.js";

/** The options of a client, or a client. Those of the first render are used; handlers may change with every render. */
export type AuthProviderProps = AuthHandlers & { children?: ReactNode } & (ClientOptions | { client: Client });

/**
 * Signs users in without a server: the page is the client of the provider, and keeps tokens only in memory.
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

/** Renders `AuthProvider` or `Auth0Provider`. */
export function useClientProvider(props: AuthProviderProps, toLogoutOptions?: ToLogoutOptions): ReactElement {
  const { children, onRedirecting, onForbidden, onRedirectCallback, onLoginError, onAccessTokenError, ...rest } = props;
  const handlers = { onRedirecting, onForbidden, onRedirectCallback, onLoginError, onAccessTokenError };
  const [model] = useState(() => {
    const [create, now] =
      "client" in rest ? [() => rest.client, Date.now] : [() => createClient(rest), rest.now ?? Date.now];
    let client: Client | undefined;
    const get = () => {
      client ??= create();
      return client;
    };
    const key = "client" in rest ? rest.client : JSON.stringify(rest);
    return new ClientModel({ get, now, key }, handlers, toLogoutOptions);
  });
  useEffect(() => {
    model.handlers = handlers;
  });
  useEffect(() => model.start(), [model]);
  return createElement(AuthContext.Provider, { value: model }, children);
}
