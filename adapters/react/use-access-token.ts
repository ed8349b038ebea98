import { useEffect, useReducer, useRef, useState, useSyncExternalStore } from "react";
import { callApp } from "../browser/observable-state.js";
import { keepRenewed } from "./access-token-renewal.js";
import type { AccessTokenRequest, AuthModel, ModelState } from "./model.js";

interface UseAccessToken {
  readonly accessToken: string | null;
  readonly isLoading: boolean;
  readonly error: Error | undefined;
}

/**
 * The access token for a request, while a user is signed in. The component stores no token: each render reads the token from the
 * client, which never returns an expired one.
 */
export function useAccessToken(
  model: AuthModel,
  state: ModelState,
  request: AccessTokenRequest | undefined,
): UseAccessToken {
  const tokenRequest = { audience: request?.audience, scope: request?.scope };
  /** Undefined if no token is needed, and always if the server keeps the tokens. */
  const client = request && state.isAuthenticated ? model.client : undefined;
  /** Identifies the request and the user. */
  const key = JSON.stringify([state.user?.sub, tokenRequest]);
  const accessToken = useSyncExternalStore(
    model.onChange,
    () => client?.get().peekAccessToken(tokenRequest)?.accessToken ?? null,
    () => null,
  );
  const [count, renderAgain] = useReducer((renders: number) => renders + 1, 0);
  const [failure, setFailure] = useState<{ readonly key: string; readonly error: Error }>();
  const error = accessToken === null && failure?.key === key ? failure.error : undefined;
  const attempt = useRef({ key: "", at: -Infinity });

  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` stands for the request and the user; `count` and `accessToken` change when the token must be read again
  useEffect(() => {
    if (!client) return;
    if (attempt.current.key !== key) attempt.current = { key, at: -Infinity };
    return keepRenewed({
      client,
      request: tokenRequest,
      attempt: attempt.current,
      onChange: renderAgain,
      onError(error) {
        setFailure({ key, error });
        const isReported = failure?.key === key && failure.error.message === error.message;
        if (!isReported) callApp(() => model.handlers.onAccessTokenError?.(error, tokenRequest));
      },
    });
  }, [model, key, client, accessToken, count]);

  return { accessToken, error, isLoading: client !== undefined && accessToken === null && !error };
}
