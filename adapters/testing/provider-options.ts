import type { Endpoint, Fault, MisbehaveOptions } from "./faults.js";
import type { SigningAlg } from "./tokens.js";

/** The options of {@link createTestProvider}: the provider, its one client and its user. */
export interface TestProviderOptions {
  /** The URL of the provider. @default "https://op.example" */
  issuer?: string;
  /** The id of the one client. @default "client" */
  clientId?: string;
  /** The client's secret; `""` for a public client (`none`). @default "client-secret" */
  clientSecret?: string;
  /** The client's public JWK with its `alg`: the client must use `private_key_jwt`, and its assertions are verified. @default none */
  clientPublicKey?: Readonly<Record<string, unknown>>;
  /** The redirect URIs of the client, compared as strings (RFC 9700 2.1). @default any */
  redirectUris?: readonly string[];
  /**
   * Claims of the user who signs in, for the ID Token and for userinfo; `sub` must be there. They win over the provider's own,
   * so that a test can set `org_id` or `auth_time`. @default { sub: "alice", name: "Alice", email: "alice@example.com" }
   */
  user?: Readonly<Record<string, unknown>>;
  /** The provider's clock. @default the real clock */
  clock?: { now(): number };
  /** The algorithm of the provider's signatures. @default "RS256" */
  signingAlg?: SigningAlg;
  /** Seconds that an access token is valid. @default 3600 */
  accessTokenLifetime?: number;
  /** Whether a refresh token is good for one use; using a spent one revokes all that came of its sign-in. @default true */
  rotateRefreshTokens?: boolean;
  /** What the provider can do; `iss` is RFC 9207. @default all but `par` */
  offer?: { par?: boolean; iss?: boolean; revocation?: boolean; endSession?: boolean; userinfo?: boolean };
}

/** One request that the provider was sent, whether or not it answered. */
export interface ProviderRequest {
  readonly endpoint: Endpoint;
  readonly method: string;
  /** Of the form, or of the query. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The Authorization header. */
  readonly authorization: string | null;
  /** Milliseconds since the epoch, by the provider's clock. */
  readonly at: number;
}

/** What the browser is to do next: a redirect, or a form to post (`response_mode=form_post`). */
export interface AuthorizationResponse {
  readonly url: string;
  readonly method: "GET" | "POST";
  /** The form, url-encoded. */
  readonly body?: string;
}

/** What the user does at the provider. */
export interface AuthorizeOptions {
  /** The user refuses: `access_denied`. @default false */
  deny?: boolean;
  /** Another error code for the authorization response. @default none */
  error?: string;
  /** Signs in as this user, anew. @default whoever is signed in at the provider, or else signs in as its user */
  user?: Readonly<Record<string, unknown>>;
}

/** An OpenID Provider as a `fetch` function: it signs real tokens, remembers what it was asked, and errs when told to. */
export interface TestProvider {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /**
   * Give this to an adapter as its `fetch`. It never follows a redirect; requests to anybody else fail as without a
   * network. A browser may be sent here too: the authorization and end-session endpoints answer it.
   */
  readonly fetch: typeof globalThis.fetch;
  /**
   * The user's part: follows an authorization URL to the response that the browser takes back.
   * @throws TypeError when there is nowhere to send the user back to: unknown client, redirect URI or request URI
   */
  authorize(url: string, options?: AuthorizeOptions): Promise<AuthorizationResponse>;
  /** Signs a user in at the provider now: what `prompt=none` and single sign-on find. */
  signInAs(user: Readonly<Record<string, unknown>>): void;
  /** Everything that was asked, in order. */
  readonly requests: readonly ProviderRequest[];
  /** Errs in this way so many times, or until the returned function is called. */
  misbehave(fault: Fault, options?: MisbehaveOptions): () => void;
  /** Signs with a new key from now on, and announces no other. */
  rotateKeys(): Promise<void>;
  /** Revokes a refresh token and all that came of the same sign-in. */
  revoke(refreshToken: string): void;
  /** Signs any claims with the current key: access tokens for tests of an API, ID Tokens that are wrong in their own way. */
  sign(claims: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>;
}
