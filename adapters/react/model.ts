import type { ReactNode } from "react";
import type { Client, LoginOptions } from "../browser/client-types.js";
import type { LogoutOptions } from "../browser/sign-out.js";
import type { AuthState } from "../browser/state.js";
import type { Auth0LogoutOptions } from "./auth0-options.js";
import type { AppState, HandledEvent } from "./login-options.js";

/** The access token that a component needs. */
export interface AccessTokenRequest {
  /** The API that the token is for. @default the audience of the sign-in */
  readonly audience?: string | undefined;
  /** @default the scope of the sign-in */
  readonly scope?: string | undefined;
}

/** Functions of the app. Those of the last render are called. */
export interface AuthHandlers {
  /** Renders what `withLoginRequired` shows until the user is signed in. @default nothing */
  onRedirecting?: (() => ReactNode) | undefined;
  /** Renders what `withLoginRequired` shows to a user who does not meet its requirement. @default nothing */
  onForbidden?: (() => ReactNode) | undefined;
  /**
   * Called when a sign-in has returned to this page, with the `appState` of `login`, and the path on this site where the
   * sign-in began. @default shows that path in the address bar
   */
  onRedirectCallback?: ((appState: AppState | undefined, returnTo: string) => void) | undefined;
  /** Called when a sign-in failed, or when the client could not find out whether a user is signed in. @default `console.error` */
  onLoginError?: ((error: Error) => void) | undefined;
  /** Called when a component cannot get the access token that it needs. @default nothing: the error is in `useAuth()` */
  onAccessTokenError?: ((error: Error, request: AccessTokenRequest) => void) | undefined;
}

/** The state of a sign-in, and when it ends. */
export type ModelState = AuthState & {
  /** When the session ends, in milliseconds since the epoch. Activity may extend it. */
  readonly expiresAt?: number | undefined;
};

/** The client of this page, and its clock, in milliseconds since the epoch. */
export interface PageClient {
  /** Called in a page only: a server creates no client. */
  readonly get: () => Client;
  readonly now: () => number;
  /** The same for all providers of one client: the client that the app passed, or its options as JSON. */
  readonly key: unknown;
}

/** The model behind the hooks. The client of the provider is the page (`ClientModel`) or its server (`SessionModel`). */
export interface AuthModel {
  readonly getState: () => ModelState;
  /** Calls `listener` at every change, until the returned function is called. */
  readonly onChange: (listener: (state: ModelState) => void) => () => void;
  /** The state that a server renders, and that hydration begins with. */
  readonly serverState: ModelState;
  /** Takes the client's options. `useAuth` translates the app's options, so that a page without `useAuth` does not load that code. */
  login(options: LoginOptions): Promise<void>;
  readonly logout: (options?: LogoutOptions | Auth0LogoutOptions | HandledEvent) => Promise<void>;
  /** Whether the page is about to leave for the provider's sign-out: then `withLoginRequired` does not redirect. */
  readonly isLeaving?: boolean;
  /** Reads the session again. Does not throw: a failure is in the state. */
  readonly refresh: () => Promise<void>;
  /** Undefined where the server keeps the tokens. */
  readonly client?: PageClient;
  handlers: AuthHandlers;
  /** Called in an effect. The returned function stops the model, which may be started again. */
  start(): () => void;
}

/** An error of another realm fails `instanceof Error`; a `message` identifies it. */
export const errorOf = (thrown: unknown): Error =>
  typeof (thrown as Error | undefined)?.message === "string" ? (thrown as Error) : new Error(`${thrown}`);
