import { useCallback } from "react";
import type { LogoutOptions } from "../browser/sign-out.js";
import type { UserState } from "../browser/state.js";
import type { Auth0LogoutOptions } from "./auth0-options.js";
import { useModel, useModelState } from "./context.js";
import { type HandledEvent, type LoginOptions, toLoginOptions, toServerLoginOptions } from "./login-options.js";
import type { AccessTokenRequest } from "./model.js";
import { useAccessToken } from "./use-access-token.js";

export type UseAuth = UserState & {
  /** The last failure: of the sign-in, or of getting the access token. */
  error: Error | null;
  /** The page does not know yet whether a user is signed in, or has no access token yet. */
  isLoading: boolean;
  /**
   * Goes to the provider. Under a `SessionProvider` it goes to the server's `/auth/login`, with `returnTo` and the authorization
   * parameters, of which the server uses those in its `allowedParams`; it rejects if it is called with `popup`, `audience`,
   * `scope` or `appState`. @throws ExchangeError, MisuseError (it rejects)
   */
  login: (options?: LoginOptions | HandledEvent) => Promise<void>;
  /** Signs out, in all tabs. Under a `SessionProvider` the server signs out, and only `returnTo` of the options is used. */
  logout: (options?: LogoutOptions | Auth0LogoutOptions | HandledEvent) => Promise<void>;
  /**
   * Only if `useAuth` was called with a request: an access token that is valid in this render, and is renewed before it expires.
   * Null if none is valid, and always under a `SessionProvider`, because the server keeps the tokens.
   */
  accessToken?: string | null;
};

/**
 * The user, with `login` and `logout`; with a request, also an access token for an API.
 *
 * @example
 * ```tsx
 * import { useAuth } from "latchkey/react";
 *
 * export function Shows() {
 *   const { accessToken, error } = useAuth({ audience: "https://api.example/shows" });
 *   if (error) return <p>{error.message}</p>;
 *   const load = () => fetch("https://api.example/shows", { headers: { authorization: `Bearer ${accessToken}` } });
 *   return <button disabled={!accessToken} onClick={load}>Load</button>;
 * }
 * ```
 * @throws MisuseError (`invalid_config`) outside of a provider
 */
export function useAuth(): UseAuth;
export function useAuth(request: AccessTokenRequest): UseAuth & { accessToken: string | null };
export function useAuth(request?: AccessTokenRequest): UseAuth;
export function useAuth(request?: AccessTokenRequest): UseAuth {
  const model = useModel();
  const state = useModelState(model);
  const login = useCallback<UseAuth["login"]>(
    async (options) => {
      const clientOptions = toLoginOptions(options);
      return model.login(model.client ? clientOptions : toServerLoginOptions(clientOptions));
    },
    [model],
  );
  const { accessToken, error, isLoading } = useAccessToken(model, state, request);
  const { isSignedOut: _isSignedOut, expiresAt: _expiresAt, ...userState } = state;
  return {
    ...userState,
    error: state.error ?? error ?? null,
    isLoading: state.isLoading || isLoading,
    login,
    logout: model.logout,
    ...(request && { accessToken }),
  };
}
