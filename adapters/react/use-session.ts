import type { User } from "../../core/exchange/user.js";
import { useModel, useModelState } from "./context.js";

/** Who is signed in, as far as is known. */
export interface UseSession {
  user: User | null;
  /** Milliseconds since the epoch, where a server told. Activity may put it off. */
  expiresAt: number | undefined;
  isAuthenticated: boolean;
  /** It is not known yet. */
  isLoading: boolean;
  /** Why it could not be asked last time; what was known before stays. */
  error: Error | null;
  /** Asks again, once for all that do so together. Never throws. */
  refresh: () => Promise<void>;
}

/** Who is signed in, whichever provider is above. */
export function useSession(): UseSession {
  const model = useModel();
  const { user, expiresAt, isAuthenticated, isLoading, error = null } = useModelState(model);
  return { user, expiresAt, isAuthenticated, isLoading, error, refresh: model.refresh };
}
