import type { ReactNode } from "react";
import type { Client } from "../browser/client.js";
import type { AuthSource, AuthState } from "../browser/state.js";
import type { AppState, HandledEvent, LoginOptions, LogoutOptions } from "./login-options.js";

/** What an access token is asked for. */
export interface AccessTokenRequest {
  /** The API. @default the audience of the sign-in */
  readonly audience?: string | undefined;
  /** @default the scope of the sign-in */
  readonly scope?: string | undefined;
}

/** What an app does at the turns of a sign-in. The latest ones given count. */
export interface AuthHandlers {
  /** What `withLoginRequired` shows until somebody is signed in. @default nothing */
  onRedirecting?: (() => ReactNode) | undefined;
  /**
   * A sign-in that left this page has ended here: told what `login` was given, and the path it began at, on this site.
   * @default that path is shown in the address bar
   */
  onRedirectCallback?: ((appState: AppState | undefined, returnTo: string) => void) | undefined;
  /** A sign-in failed, or whether somebody is signed in could not be told. */
  onLoginError?: ((error: Error) => void) | undefined;
  /** There is no access token for a component that asked for one. */
  onAccessTokenError?: ((error: Error, request: AccessTokenRequest) => void) | undefined;
}

/** Who is signed in, and until when. */
export type ModelState = AuthState & {
  /** Milliseconds since the epoch. Activity may put it off. */
  readonly expiresAt?: number | undefined;
};

/** A model of sign-in, as the hooks see it: whether this page is the client or its server is, they do not care. */
export interface AuthModel extends AuthSource {
  getState(): ModelState;
  /** What a server renders, and hydration begins with. */
  readonly serverState: ModelState;
  login(options?: LoginOptions | HandledEvent): Promise<void>;
  logout(options?: LogoutOptions | HandledEvent): Promise<void>;
  /** Where nobody is signed in any more before the page has left to sign out: it is about to, and nobody is sent to sign in. */
  isEnding?(): boolean;
  /** Asks again who is signed in. Never throws: what went wrong is in the state. */
  refresh(): Promise<void>;
  /** Only where tokens are in the browser. */
  readonly tokens?: Pick<Client, "getAccessToken" | "peekAccessToken">;
  readonly now: () => number;
  handlers: AuthHandlers;
  /** From an effect; until what is returned is called. May be started again. */
  start(): () => void;
}

/** An error of another realm fails `instanceof Error`; a `message` identifies it. */
export const errorOf = (thrown: unknown): Error =>
  typeof (thrown as Error | undefined)?.message === "string" ? (thrown as Error) : new Error(`${thrown}`);
