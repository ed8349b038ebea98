import type { Awaitable } from "../awaitable.js";
import type { ExchangeError } from "../errors.js";
import type { LatchkeyEvent } from "../events.js";
import type { AuthorizationParameters, IdTokenClaims, TokenResponse } from "../exchange/types.js";
import type { ShapedUser, User, UserClaims } from "../exchange/user.js";
import type { ServerSettings } from "../provider/server.js";
import type { Reply } from "../request/response.js";
import type { SessionsOptions } from "../session/options.js";
import { clientKey } from "../store/client-key.js";
import type { ConnectableStore } from "../store/store.js";
import type { Failure } from "./failure.js";
import type { LoginOptions } from "./login-options.js";

/** The provider that a session is of, where the app has several; else empty. */
export interface SessionSource {
  /** The name of the provider that the user signed in with. Users of two providers may have the same `sub`. */
  readonly provider?: string;
  /** The client there: its id and the issuer as one text. If the provider of this name gets another client, the session is over. */
  readonly client?: string;
}

/** The content of an app's session: the user, and the app's own data. */
export interface SignedIn<Data> extends SessionSource {
  readonly user: User;
  readonly data: Data;
  /** Milliseconds since the epoch: when the user authenticated, as the ID Token of a sign-in with `maxAge` or `acrValues` says. */
  readonly authenticatedAt?: number | undefined;
  /** The `acr` of that ID Token. */
  readonly acr?: string | undefined;
}

/**
 * The purpose for which sessions and transactions are sealed. With one provider, those of another client or provider do not open. With
 * several, the purpose must stay while providers come and go: the session itself says which client it is of (`SessionSource`).
 */
export const purposeOf = ([{ name, provider }]: readonly [
  { readonly name?: string | undefined; readonly provider: Parameters<typeof clientKey>[0] },
  ...unknown[],
]): string => (name === undefined ? clientKey(provider) : "several providers");

/** One place where the app is reached: an origin, and the path that it lives under. */
export interface Site {
  /** `https://app.example` */
  readonly origin: string;
  /** `""` or `/base`, without a slash at the end. */
  readonly path: string;
  readonly secure: boolean;
}

/** The argument of `onSignIn`. */
export interface SignIn {
  /** The provider's claims about the user. `onSignIn` returns the user with what the app adds. */
  readonly user: UserClaims;
  /** All verified claims, those of the protocol too. */
  readonly claims: IdTokenClaims;
  readonly accessToken: string;
  /** The token response, and the time of the token request. */
  readonly tokens: TokenResponse;
  /**
   * What the callback brought beside the authorization response, such as Apple's `user`. It comes through the browser and is not
   * verified: the user can write what they like into it.
   */
  readonly params: Readonly<Record<string, string>>;
  /** The `appState` of `login`. */
  readonly appState?: unknown;
  /** The name of the provider, where the app has several. */
  readonly provider?: string | undefined;
}

/** Carries the options of a sign-in, or a refusal, to the login route: no client can make them up. The contexts are RequestContexts. */
export interface SealedLogin {
  /** The URL of the login route that begins this sign-in, or that answers with the page of this error. */
  url(context: never, content: LoginOptions | ExchangeError): Promise<string>;
  /** The options of the sign-in in a query; undefined without one. @throws ExchangeError that the query carries */
  open(context: never, query: URLSearchParams): Promise<LoginOptions | undefined>;
}

/** One client at one provider. */
export interface ProviderConfig {
  /** The name of the provider; undefined where the app has one provider. */
  readonly name?: string | undefined;
  /** The name that users read. */
  readonly label?: string | undefined;
  readonly provider: ServerSettings;
  /** `/signin-oidc`: the path of the callback, if it is not under the mount. */
  readonly callbackPath?: string | undefined;
  readonly scope: string;
  readonly responseMode: "query" | "form_post";
  readonly authorizationParams: AuthorizationParameters;
  readonly userinfo: boolean;
  readonly logout: "provider" | "local";
}

/** The checked and complete configuration that an adapter makes of an app's options and its environment. */
export interface AppConfig<Data> {
  /** Each has a name, or there is one. */
  readonly providers: readonly [ProviderConfig, ...ProviderConfig[]];
  /** The name of the provider of a sign-in that names none. Without it the user chooses. */
  readonly defaultProvider?: string | undefined;
  /** At least one; the first serves requests for any other host. */
  readonly sites: readonly [Site, ...Site[]];
  /** `/auth` */
  readonly mount: string;
  readonly trailingSlash: boolean;
  /** Names of query parameters of the login route that go on to the provider. */
  readonly allowedParams: readonly string[];
  readonly apiOrigins: readonly string[];
  /** The path to which the provider sends the browser back after a sign-out. */
  readonly postLogoutPath: string;
  readonly session: SessionsOptions<SignedIn<Data>> & {
    readonly storage?: "cookies" | "store";
    readonly keepIdToken?: boolean;
  };
  readonly store?: ConnectableStore | undefined;
  /** Answers the logout tokens of the provider. The route is not answered without it. */
  readonly backchannelLogout?: ((context: never) => Promise<Reply>) | undefined;
  /** Options of a sign-in in the query of the login route, sealed: for pages that can redirect and do nothing else. */
  readonly sealedLogin?: SealedLogin | undefined;
  readonly onSignIn?: ((signIn: SignIn) => Awaitable<{ user?: ShapedUser; data?: Data } | undefined>) | undefined;
  readonly onEvent?: ((event: LatchkeyEvent) => void) | undefined;
  readonly onFailure?: ((failure: Failure) => Awaitable<Response | string | undefined>) | undefined;
}

/** The configuration of an app with that of one of its providers. */
export interface RelyingPartyConfig<Data> extends AppConfig<Data>, ProviderConfig {}
