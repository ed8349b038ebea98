import type { Awaitable } from "../../core/awaitable.js";
import type { LatchkeyEvent } from "../../core/events.js";
import type { ShapedUser } from "../../core/exchange/user.js";
import type { ClientAuthentication } from "../../core/provider/client-authentication.js";
import type { ProviderDifferences } from "../../core/provider/differences.js";
import type { RegisteredData } from "../../core/register.js";
import type { SignIn } from "../../core/relying-party/config.js";
import type { Failure } from "../../core/relying-party/failure.js";
import type { CookieOptions, SessionsOptions } from "../../core/session/options.js";
import type { Store } from "../../core/store/store.js";
import type { BackchannelLogout } from "./backchannel-logout.js";
import type { PortOptions } from "./ports.js";

/** The options of the sessions of a sign-in. */
export interface AuthSessionOptions<Data = RegisteredData>
  extends Omit<SessionsOptions<Data>, "secret" | "purpose" | "codec" | "cookie"> {
  /** How the cookies are named and sent; `secure` follows from `baseUrl`. @default those of each member */
  cookie?: Omit<CookieOptions, "secure" | "sameSite"> & {
    /** The SameSite attribute; `"none"` needs an https `baseUrl`. @default "lax" */
    sameSite?: "lax" | "none";
  };
  /** Where sessions live: in their cookies, or in the `store`, with the sealed id alone in the cookie. @default "cookies" */
  storage?: "cookies" | "store";
  /**
   * Whether session cookies hold the ID Token, which only a sign-out at the provider uses. Without it, the provider may ask the user
   * whether to sign out. @default true, unless the rest would not fit
   */
  keepIdToken?: boolean;
}

/**
 * One client at one provider. What `latchkey/providers` makes has this type too.
 */
export interface ProviderOptions {
  /** The provider's issuer, exactly as its discovery document names it. Required. Variable: `LATCHKEY_ISSUER`. */
  issuer?: string;
  /** The id of the client that is registered at the provider. Required. Variable: `LATCHKEY_CLIENT_ID`. */
  clientId?: string;
  /** The client's secret. Required, unless `clientAuthentication` is `privateKeyJwt(key)`, or `"none"` for a public client. Variable: `LATCHKEY_CLIENT_SECRET`. */
  clientSecret?: string;
  /** How the client authenticates to the provider: with its secret, with a key (`privateKeyJwt(key)`), or not at all. @default "client_secret_basic" */
  clientAuthentication?: ClientAuthentication;
  /** Must contain `openid`. Variable: `LATCHKEY_SCOPE`. @default "openid profile email" */
  scope?: string;
  /** The API that access tokens are for. If there are several, the first is the default of `getAccessToken`. Variable: `LATCHKEY_AUDIENCE`, one. @default none */
  audience?: string | readonly string[];
  /**
   * Whether audiences are sent as `resource` (RFC 8707), so that one refresh token serves them all.
   * @default false: one audience is sent as `audience`, as Auth0 expects
   */
  resourceIndicators?: boolean;
  /** Authorization parameters of every sign-in. Those that the protocol relies on cannot be set. @default none */
  authorizationParams?: Readonly<Record<string, string>>;
  /** How the provider answers: by redirect or by a form. @default "query" */
  responseMode?: "query" | "form_post";
  /** The one algorithm that ID Tokens may be signed with. @default "RS256" */
  idTokenSigningAlg?: string;
  /** Whether to ask the userinfo endpoint for further claims at sign-in. @default false */
  userinfo?: boolean;
  /** Whether signing out also ends the session at the provider. @default "provider" */
  logout?: "provider" | "local";
  /** What the provider does otherwise than the specifications say; the functions of `latchkey/providers` fill it in. @default nothing */
  differences?: ProviderDifferences;
  /** The path of the callback, for a redirect URI that is registered already: `baseUrl` + this, such as `"/signin-oidc"`. @default `mount` + "/callback", and with `providers` the name of the provider after it */
  callbackPath?: string;
  /** With `providers`: what the page of choices calls the provider. @default its name */
  label?: string;
}

/** What every adapter with sign-in takes. The five required values may come from `LATCHKEY_*` variables instead. */
export interface AuthOptions<Data = RegisteredData> extends ProviderOptions, PortOptions {
  /** The client and its provider as one value, such as `google({ clientId, clientSecret })` makes. Options beside it replace its members, but for `differences`, which may hold checks. @default those options themselves */
  provider?: ProviderOptions;
  /**
   * Several providers, by names that stand in URLs: `/auth/login/<name>`, `/auth/callback/<name>`. Each has the options of its client, none of
   * which may then stand beside `providers`, nor come from a variable. @default none: the app has one provider
   */
  providers?: Readonly<Record<string, ProviderOptions>>;
  /** With `providers`: the one that a sign-in goes to that names none. @default none: the user chooses on the page of the login route */
  defaultProvider?: string;
  /** Seals the cookies: at least 32 characters each, newest first. Required. Variable: `LATCHKEY_SECRET`, several separated by commas. */
  secret?: string | readonly string[];
  /** The next `secret`: opens cookies and does not seal any, until every machine has it. Variable: `LATCHKEY_NEXT_SECRET`. @default none */
  nextSecret?: string | readonly string[];
  /** The URL of the app: an origin, with a path if the app lives under one; or several. Required. Variable: `LATCHKEY_BASE_URL`, several separated by commas. */
  baseUrl?: string | readonly string[];
  /** The path of the routes. @default "/auth" */
  mount?: string;
  /** Whether URLs of the routes end in a slash; both are answered. @default false */
  trailingSlash?: boolean;
  /** Query parameters of the login route that go on to the provider, such as `ui_locales`. @default none */
  allowedParams?: readonly string[];
  /** Origins that `fetch` may send the access token to. Variable: `LATCHKEY_API_ORIGINS`, separated by commas. @default none */
  apiOrigins?: readonly string[];
  /** Where the provider sends people after sign-out; registered there as `baseUrl` + this. @default "/" */
  postLogoutPath?: string;
  /** What the machines of the app share, such as `redisStore(client)`: refreshes, sign-outs, and sessions if they are to be there. @default none: each process by itself */
  store?: Store;
  /** Ends sessions when the provider says so: `backchannelLogout()`. It needs a `store`. @default the route is not answered */
  backchannelLogout?: BackchannelLogout;
  /** How long sessions last, how their cookies are named and sent, and where they are stored. @default those of each member */
  session?: AuthSessionOptions<Data>;
  /** Shapes what a new session keeps; the subject always stays that of the ID Token. An error that it throws refuses the sign-in. @default the claims of the ID Token and userinfo */
  onSignIn?: (signIn: SignIn) => Awaitable<{ user?: ShapedUser; data?: Data } | undefined>;
  /** Receives what happens, without secrets or tokens. @default prints each failure as a line on the console, unless `onFailure` is set */
  onEvent?: (event: LatchkeyEvent) => void;
  /**
   * Answers a sign-in that failed: with a Response, or with a URL or path to redirect to. Undefined leaves the answer to
   * latchkey. `translatedErrorPage(texts)` answers with the page of latchkey in other languages. @default an error page in English
   */
  onFailure?: (failure: Failure) => Awaitable<Response | string | undefined>;
  /** Seconds that a request to the provider may take. @default 5 */
  httpTimeout?: number;
  /** Seconds by which the provider's clock may differ from the app's. @default 30 */
  clockTolerance?: number;
}
