import type { User } from "../../core/exchange/user.js";

/** The user or null. `isAuthenticated` tells the compiler which. */
export type UserState =
  | { readonly isAuthenticated: true; readonly user: User }
  | { readonly isAuthenticated: false; readonly user: null };

/** The page does not know yet whether a user is signed in. Do not show a sign-in button or redirect yet. */
export interface LoadingState {
  readonly isLoading: true;
  readonly isAuthenticated: false;
  readonly user: null;
  readonly error?: undefined;
  readonly isSignedOut?: undefined;
}

/** A user is signed in. */
export interface SignedInState {
  readonly isLoading: false;
  readonly isAuthenticated: true;
  readonly user: User;
  /** The last failure; absent again once the session changes. */
  readonly error?: Error | undefined;
  readonly isSignedOut?: undefined;
}

/** No user is signed in. */
export interface SignedOutState {
  readonly isLoading: false;
  readonly isAuthenticated: false;
  readonly user: null;
  /** The last failure; absent again once the session changes. */
  readonly error?: Error | undefined;
  /** True after a sign-out in this tab or another: then the page must not start a sign-in by itself. */
  readonly isSignedOut?: boolean | undefined;
}

/** Whether a user is signed in, as far as the page knows. The object stays the same until the state changes. */
export type AuthState = LoadingState | SignedInState | SignedOutState;

/** A state that can be read and observed. */
export interface AuthSource {
  getState(): AuthState;
  /** Calls `listener` at every change, until the returned function is called. */
  onChange(listener: (state: AuthState) => void): () => void;
}

export const LOADING: AuthState = { isLoading: true, isAuthenticated: false, user: null };

/** The state of a page that knows whether a user is signed in. */
export function stateOf(user: User | null, error?: Error, isSignedOut?: boolean): SignedInState | SignedOutState {
  const common = { isLoading: false, error } as const;
  return user ? { ...common, isAuthenticated: true, user } : { ...common, isAuthenticated: false, user, isSignedOut };
}
