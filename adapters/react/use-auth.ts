import type { User } from "../../core/exchange/user.js";
import { useModel, useModelState } from "./context.js";
import type { LoginOptions, LogoutOptions } from "./login-options.js";
import type { AccessTokenRequest } from "./model.js";
import { useAccessToken } from "./use-access-token.js";

export interface UseAuth {
  user: User | null;
  /** What went wrong last: with the sign-in, or with the access token. */
  error: Error | null;
  isAuthenticated: boolean;
  /** Who is signed in is not known yet, or the access token is not there yet. */
  isLoading: boolean;
  /** Leaves for the provider, or for the server's `/auth/login`. */
  login: (options?: LoginOptions) => Promise<void>;
  logout: (options?: LogoutOptions) => Promise<void>;
  /**
   * Where one is asked for: valid when it is rendered, and renewed before its end; null when there is none, and always
   * where the server keeps the tokens.
   */
  accessToken?: string | null;
}

/** Who is signed in, with what it takes to change that; with a request, an access token for an API too. */
export function useAuth(request?: AccessTokenRequest): UseAuth {
  const model = useModel();
  const state = useModelState(model);
  const { accessToken, error, isLoading } = useAccessToken(model, state, request);
  return {
    user: state.user,
    error: state.error ?? error ?? null,
    isAuthenticated: state.isAuthenticated,
    isLoading: state.isLoading || isLoading,
    login: model.login,
    logout: model.logout,
    ...(request && { accessToken }),
  };
}
