import type { UserState } from "../browser/state.js";
import { useModel, useModelState } from "./context.js";

/** The session, as far as the page knows it. */
export type UseSession = UserState & {
  /** When the session ends, in milliseconds since the epoch; undefined if the server did not say. Activity may extend it. */
  expiresAt: number | undefined;
  /** The page does not know yet whether a user is signed in. */
  isLoading: boolean;
  /** The error of the last read of the session; the state from before stays. */
  error: Error | null;
  /** Reads the session again; calls at the same time share one request. Does not throw. */
  refresh: () => Promise<void>;
};

/**
 * The session, under an `AuthProvider` or a `SessionProvider`.
 *
 * @example
 * ```tsx
 * import { useSession } from "latchkey/react";
 *
 * export function Greeting() {
 *   const { user, isLoading } = useSession();
 *   return isLoading ? null : <p>{user ? `Hello ${user.name}` : "You are not signed in"}</p>;
 * }
 * ```
 * @throws MisuseError (`invalid_config`) outside of a provider
 */
export function useSession(): UseSession {
  const model = useModel();
  const { isSignedOut: _isSignedOut, expiresAt, error = null, ...state } = useModelState(model);
  return { ...state, expiresAt, error, refresh: model.refresh };
}
