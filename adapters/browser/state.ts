import type { User } from "../../core/exchange/user.js";

/** Who is signed in: `isAuthenticated` tells the compiler whether there is a `user`. */
export type Somebody =
  | { readonly isAuthenticated: true; readonly user: User }
  | { readonly isAuthenticated: false; readonly user: null };

/** Who is signed in, as far as is known. The same object until something changes. */
export type AuthState = Somebody & {
  /** It is not known yet: nothing to show, and nobody to send away. */
  readonly isLoading: boolean;
  /** What went wrong last; gone with the next sign-in. */
  readonly error?: Error | undefined;
  /** Nobody is signed in because somebody signed out, here or in another tab. */
  readonly isSignedOut?: boolean | undefined;
};

/** Where a view reads from and is told of changes, whichever model of sign-in it runs in. */
export interface AuthSource {
  getState(): AuthState;
  /** Told of every change until what is returned is called. */
  onChange(listener: (state: AuthState) => void): () => void;
}

export const LOADING: AuthState = { isLoading: true, isAuthenticated: false, user: null };

export const stateOf = (user: User | null, error?: Error): AuthState => ({
  isLoading: false,
  ...({ isAuthenticated: user !== null, user } as Somebody),
  error,
});

/** Runs what an app has put in. What it throws is reported as any error that nobody catches; what ran it goes on. */
export function tell(told: () => void): void {
  try {
    told();
  } catch (error) {
    setTimeout(() => {
      throw error;
    });
  }
}

/** One value and who watches it. */
export interface Store extends AuthSource {
  setState(state: AuthState): void;
}

export function createStore(initial: AuthState = LOADING): Store {
  const listeners = new Set<(state: AuthState) => void>();
  let state = initial;
  return {
    getState: () => state,
    onChange(listener) {
      // A function of its own for each: one that subscribes twice is told twice, and leaves once.
      const told = (now: AuthState) => listener(now);
      listeners.add(told);
      return () => void listeners.delete(told);
    },
    setState(next) {
      state = next;
      for (const listener of listeners) tell(() => listener(next));
    },
  };
}
