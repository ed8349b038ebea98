import type { Somebody } from "../browser/state.js";
import { useModel, useModelState } from "./context.js";
import type { HandledEvent, LoginOptions, LogoutOptions } from "./login-options.js";
import type { AccessTokenRequest } from "./model.js";
import { useAccessToken } from "./use-access-token.js";

export type UseAuth = Somebody & {
  /** What went wrong last: with the sign-in, or with the access token. */
  error: Error | null;
  /** Who is signed in is not known yet, or the access token is not there yet. */
  isLoading: boolean;
  /** Leaves for the provider, or for the server's `/auth/login`. */
  login: (options?: LoginOptions | HandledEvent) => Promise<void>;
  logout: (options?: LogoutOptions | HandledEvent) => Promise<void>;
  /**
   * Where one is asked for: valid when it is rendered, and renewed before its end; null when there is none, and always
   * where the server keeps the tokens.
   */
  accessToken?: string | null;
};

/** Who is signed in, with what it takes to change that; with a request, an access token for an API too. */
export function useAuth(): UseAuth;
export function useAuth(request: AccessTokenRequest): UseAuth & { accessToken: string | null };
export function useAuth(request?: AccessTokenRequest): UseAuth;
export function useAuth(request?: AccessTokenRequest): UseAuth {
  const model = useModel();
  const state = useModelState(model);
  const { accessToken, error, isLoading } = useAccessToken(model, state, request);
  return {
    ...({ isAuthenticated: state.isAuthenticated, user: state.user } as Somebody),
    error: state.error ?? error ?? null,
    isLoading: state.isLoading || isLoading,
    login: model.login,
    logout: model.logout,
    ...(request && { accessToken }),
  };
}
