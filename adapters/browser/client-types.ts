import type { AuthorizationOptions } from "../../core/exchange/authorization.js";
import type { AccessToken, TokenRequest } from "../../core/exchange/token-set.js";
import type { User } from "../../core/exchange/user.js";
import type { SignedIn } from "./callback.js";
import type { LogoutOptions } from "./sign-out.js";
import type { AuthSource } from "./state.js";

/** The options of one sign-in. */
export interface LoginOptions extends AuthorizationOptions {
  /** Signs in in a popup window; call `login` in a click. @default false: this page goes to the provider and comes back */
  popup?: boolean;
  /** A path on this site, returned in {@link SignedIn}. @default the current page */
  returnTo?: string;
  /** A JSON value, returned in {@link SignedIn}. @default none */
  appState?: unknown;
  /** The API that the user consents to. @default the client's first `audience` */
  audience?: string;
  /** Requested in addition to the client's own scope. @default none */
  scope?: string;
}

/** A client of an OpenID Provider in a page. Its tokens are only in memory. All tabs of the site share one session. */
export interface Client extends AuthSource {
  /**
   * The user who is signed in, or null. The first call restores the session from other tabs or, if a user was signed in with
   * this client in this browser before, from the provider by a hidden frame. So a first visit gives null, also if the user is
   * signed in at the provider.
   * @throws ExchangeError
   */
  getUser(): Promise<User | null>;
  /** Goes to the provider; with `popup`, resolves when the window is done. @throws ExchangeError, MisuseError */
  login(options?: LoginOptions): Promise<void>;
  /**
   * Completes the sign-in whose callback is `url`. Returns undefined, and changes nothing, if this tab began no such sign-in with
   * a client of the same options. Call it on the page of `redirectUri`, also in frames and popups. Several calls complete a
   * sign-in once. @param url default: the URL of this page @throws ExchangeError
   */
  handleCallback(url?: string): Promise<SignedIn | undefined>;
  /** Signs out in all tabs, and at the provider. */
  logout(options?: LogoutOptions): Promise<void>;
  /** A valid access token, renewed if it is due. @throws ExchangeError, MisuseError */
  getAccessToken(request?: TokenRequest): Promise<string>;
  /** The access token in memory, without a request to the provider; undefined if none is valid. */
  peekAccessToken(request?: TokenRequest): AccessToken | undefined;
}
