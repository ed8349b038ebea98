import type { AuthorizationOptions } from "../exchange/authorization.js";

/** Options of one sign-in. */
export interface LoginOptions extends AuthorizationOptions {
  /** The name of the provider, where the app has several. @default `defaultProvider`; without it, the user chooses on the page of the login route */
  provider?: string;
  /**
   * The page to go to afterwards: a path on this site; anything else becomes its first page. A cookie carries it: some 2,000 characters
   * fit, and a longer one ends in the error `sign_in_too_large`. @default the page of the request, or the first page
   */
  returnTo?: string;
  /** A JSON value that `onSignIn` receives after the sign-in. The cookie carries it beside `returnTo`. @default none */
  appState?: unknown;
}
