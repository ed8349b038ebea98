import { useEffect, useReducer, useRef, useState, useSyncExternalStore } from "react";
import { ExchangeError } from "../../core/errors.js";
import { tell } from "../browser/state.js";
import { type AccessTokenRequest, type AuthModel, errorOf, type ModelState } from "./model.js";
import { at } from "./timer.js";

/** Milliseconds before its end from which on a token is renewed, where it does not say itself. */
const MARGIN = 60_000;
/** Milliseconds to the next try. */
const RETRY = 30_000;

interface Access {
  readonly accessToken: string | null;
  readonly isLoading: boolean;
  readonly error: Error | undefined;
}

/**
 * The access token for a request, while somebody is signed in. The component keeps none: each render looks at the client's,
 * which hands out none past its end.
 */
export function useAccessToken(model: AuthModel, state: ModelState, request: AccessTokenRequest | undefined): Access {
  const { audience, scope } = request ?? {};
  const { tokens } = model;
  const isWanted = Boolean(request && tokens && state.isAuthenticated);
  const key = JSON.stringify([state.user?.sub, audience, scope]);
  const peek = () => (isWanted && tokens?.peekAccessToken({ audience, scope })) || undefined;
  const accessToken = useSyncExternalStore(
    model.onChange,
    () => peek()?.accessToken ?? null,
    () => null,
  );
  const [turn, nextTurn] = useReducer((turns: number) => turns + 1, 0);
  const [failure, setFailure] = useState<{ readonly of: string; readonly error: Error }>();
  const error = accessToken === null && failure?.of === key ? failure.error : undefined;
  const tried = useRef({ of: "", at: 0 });

  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` says what is asked for and of whom, `turn` and `accessToken` when to look again
  useEffect(() => {
    if (!isWanted || !tokens) return;
    let isLive = true;
    let stopRenewal = () => {};
    const asked = { audience, scope };

    const failed = (thrown: unknown) => {
      if (!isLive) return;
      const error = errorOf(thrown);
      // A provider that cannot be reached may be later; any other answer stays the same.
      if ((error as { status?: unknown }).status === 503) stopRenewal = at(model.now() + RETRY, model.now, nextTurn);
      // The one at hand still serves.
      if (peek()) return;
      setFailure({ of: key, error });
      const isNews = failure?.of !== key || failure.error.message !== error.message;
      if (isNews) tell(() => model.handlers.onAccessTokenError?.(error, asked));
    };
    const renew = () => {
      tried.current = { of: key, at: model.now() };
      tokens.getAccessToken(asked).then(() => {
        if (peek()) isLive && nextTurn();
        else failed(new ExchangeError("no_access_token", { cause: "over as soon as it came" }));
      }, failed);
    };

    const token = peek();
    const { expiresAt = Infinity, dueAt = expiresAt - MARGIN } = token ?? {};
    if (!token) renew();
    else {
      // One that is due and could not be renewed is not asked for in a loop.
      const earliest = tried.current.of === key ? tried.current.at + RETRY : 0;
      stopRenewal = at(Math.max(dueAt, earliest), model.now, renew);
    }
    const stopEnd = at(expiresAt, model.now, nextTurn);
    return () => {
      isLive = false;
      stopRenewal();
      stopEnd();
    };
  }, [model, key, isWanted, accessToken, turn]);

  return { accessToken, error, isLoading: isWanted && accessToken === null && !error };
}
