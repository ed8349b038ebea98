import type { Somebody } from "../browser/state.js";
import { useModel, useModelState } from "./context.js";

/** Who is signed in, as far as is known. */
export type UseSession = Somebody & {
  /** Milliseconds since the epoch, where a server told. Activity may put it off. */
  expiresAt: number | undefined;
  /** It is not known yet. */
  isLoading: boolean;
  /** Why it could not be asked last time; what was known before stays. */
  error: Error | null;
  /** Asks again, once for all that do so together. Never throws. */
  refresh: () => Promise<void>;
};

/** Who is signed in, whichever provider is above. */
export function useSession(): UseSession {
  const model = useModel();
  const { user, expiresAt, isAuthenticated, isLoading, error = null } = useModelState(model);
  return { user, expiresAt, isAuthenticated, isLoading, error, refresh: model.refresh } as UseSession;
}
