import type { AuthorizationOptions } from "../../core/exchange/authorization.js";
import type { AccessToken, TokenRequest } from "../../core/exchange/token-life.js";
import type { User } from "../../core/exchange/user.js";
import type { ClientOptions } from "./options.js";
import type { AuthSource } from "./state.js";

/** What one sign-in may ask for. */
export interface LoginOptions extends AuthorizationOptions {
  /** In a window of its own, in the click that asks for it. @default false: this page goes to the provider and comes back */
  popup?: boolean;
  /** A path on this site, to be found again in {@link SignedIn}. @default the page that is shown */
  returnTo?: string;
  /** A JSON value to be found again in {@link SignedIn}. */
  appState?: unknown;
}

/** What one sign-out may ask for. */
export interface LogoutOptions {
  /** @default the client's `postLogoutRedirectUri` */
  returnTo?: string;
  /** Only here, not at the provider. @default false */
  local?: boolean;
  /** Further parameters for the provider, such as Auth0's `federated`. */
  params?: Readonly<Record<string, string>>;
}

/** What a finished sign-in leads back to. */
export interface SignedIn {
  /** A path on this site. */
  readonly returnTo: string;
  readonly appState?: unknown;
}

/** The browser as the client: it signs in by itself, and holds its tokens in memory alone. */
export interface Client extends AuthSource {
  /** Who is signed in: known from other tabs, or asked of the provider in a hidden frame, once. */
  getUser(): Promise<User | null>;
  /** Leaves for the provider; with `popup` done when the window is. @throws ExchangeError, MisuseError */
  login(options?: LoginOptions): Promise<void>;
  /**
   * Ends a sign-in that came back to `url`; undefined when none of this tab's did, and then nothing changes. To be called
   * on the page of `redirectUri`, in frames and windows of ours too. However often it is called, a sign-in ends once.
   * @throws ExchangeError
   */
  handleCallback(url?: string): Promise<SignedIn | undefined>;
  /** Signs out in all tabs, and at the provider. */
  logout(options?: LogoutOptions): Promise<void>;
  /** A valid access token, renewed where it is due. @throws ExchangeError */
  getAccessToken(request?: TokenRequest): Promise<string>;
  /** The token at hand, with nothing asked of anybody; undefined when there is none that is still valid. */
  peekAccessToken(request?: TokenRequest): AccessToken | undefined;
}

/**
 * A client of an OpenID Provider in this page. Made on a server as well, where it knows nobody and asks nobody.
 * @throws MisuseError (`ERR_CONFIG`) when the options are wrong
 */
export function createClient(options: ClientOptions): Client {
  throw new Error(`not yet: ${options.clientId}`);
}
