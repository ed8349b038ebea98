/** A sign-in in progress: the one state that outlives a request. A server seals it into a cookie, a page stores it. All JSON. */
export interface Transaction {
  /** RFC 6749 10.12 */
  readonly state: string;
  /** OpenID Connect Core 15.5.2 */
  readonly nonce: string;
  /** RFC 7636 4.1 */
  readonly codeVerifier: string;
  readonly redirectUri: string;
  /** A path on the app's own origin. */
  readonly returnTo: string;
  readonly issuer: string;
  /** The name of the provider, where the app has several. */
  readonly provider?: string | undefined;
  /** The provider announced that it sends `iss` (RFC 9207 3). */
  readonly issRequired: boolean;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** The scope that was requested, if it is not the configured one. */
  readonly scope?: string | undefined;
  /** The audience to redeem the code for, if the authorization request named several (RFC 8707 2.2). */
  readonly audience?: string | undefined;
  /** The subject of the only user who may sign in; undefined for any user. */
  readonly subject?: string | undefined;
  /** Seconds since the user authenticated, at most. */
  readonly maxAge?: number | undefined;
  /** The authentication contexts of which the ID Token must name one. */
  readonly acrValues?: readonly string[] | undefined;
  readonly organization?: string | undefined;
  /** The provider may not show a page (`prompt=none`): a user who is not signed in there is no failure. */
  readonly isSilent?: boolean | undefined;
  /** A JSON value that the app gets back when the sign-in has finished. */
  readonly appState?: unknown;
}

/** Parameters of a request to the provider; a list is a parameter that is repeated, as `resource` may be (RFC 8707 2). */
export type AuthorizationParameters = Readonly<Record<string, string | readonly string[]>>;

/** {@link AuthorizationParameters}, of which those that are undefined are not sent. */
export type RequestParameters = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A response of the token endpoint (RFC 6749 5.1). */
export interface TokenResponse {
  readonly accessToken: string;
  /** When the token request was sent, in milliseconds since the epoch: the token's life began no earlier. */
  readonly requestedAt: number;
  /** Seconds. */
  readonly expiresIn?: number;
  readonly scope?: string;
  readonly idToken?: string;
  readonly refreshToken?: string;
  /** The name of a member that was malformed, and counts as absent. */
  readonly malformed?: string | undefined;
}

/** Claims of an ID Token whose signature, issuer, audience and times were verified. */
export type IdTokenClaims = { readonly iss: string; readonly sub: string; readonly [claim: string]: unknown };

/** A user who has authenticated, and the tokens that the provider issued. */
export interface Authentication {
  /** Of the verified ID Token; of a provider without ID Tokens, those of its profile. */
  readonly claims: IdTokenClaims;
  /** Of the userinfo endpoint; empty where the configuration does not ask for it. */
  readonly userinfo: Readonly<Record<string, unknown>>;
  readonly tokens: TokenResponse;
  readonly transaction: Transaction;
}

/** The configuration of a client's sign-ins. */
export interface ExchangeConfig {
  /** The name of the provider, where the app has several. */
  readonly name?: string | undefined;
  /** The one issuer that codes are redeemed at. */
  readonly issuer: string;
  readonly clientId: string;
  readonly scope: string;
  readonly responseMode: "query" | "form_post";
  /** Whether to ask the userinfo endpoint for further claims. */
  readonly userinfo: boolean;
  /** Seconds by which the provider's clock may differ. */
  readonly clockTolerance: number;
  /** What the provider does otherwise: the members of `ProviderDifferences` that concern a sign-in. */
  readonly differences?:
    | {
        readonly identify?: unknown;
        readonly checkClaims?: unknown;
        readonly returnsNonce?: boolean;
        readonly takesPkce?: boolean;
      }
    | undefined;
}
