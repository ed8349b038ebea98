import type { Endpoint, Fault, MisbehaveOptions } from "./faults.js";
import type { SigningAlg } from "./tokens.js";

/** The options of {@link createTestProvider}: the provider, its one client and its user. */
export interface TestProviderOptions {
  /** The URL of the provider. @default "https://op.example" */
  issuer?: string;
  /** The id of the one client. @default "client" */
  clientId?: string;
  /** The client's secret; `""` for a public client. @default "client-secret" */
  clientSecret?: string;
  /** The client's public JWK with its `alg`: makes the client use `private_key_jwt`, and verifies its assertions. @default none */
  clientPublicKey?: Readonly<Record<string, unknown>>;
  /** The redirect URIs of the client, compared as strings (RFC 9700 2.1). @default any */
  redirectUris?: readonly string[];
  /**
   * Claims of the user who signs in, for the ID Token and for userinfo; `sub` is required. They replace the provider's own
   * claims, so that a test can set `org_id` or `auth_time`. @default { sub: "alice", name: "Alice", email: "alice@example.com" }
   */
  user?: Readonly<Record<string, unknown>>;
  /** The provider's clock. @default the real clock */
  clock?: { now(): number };
  /** The algorithm of the provider's signatures. @default "RS256" */
  signingAlg?: SigningAlg;
  /** Seconds that an access token is valid. @default 3600 */
  accessTokenLifetime?: number;
  /** Whether a refresh token may be used once only; using a spent one revokes all tokens of its sign-in. @default true */
  rotateRefreshTokens?: boolean;
  /** The optional features that the provider has; `iss` is RFC 9207. @default all but `par` */
  offer?: { par?: boolean; iss?: boolean; revocation?: boolean; endSession?: boolean; userinfo?: boolean };
}

/** One request that the provider received, whether or not it answered. */
export interface ProviderRequest {
  readonly endpoint: Endpoint;
  readonly method: string;
  /** The fields of the form of a POST, else of the query. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The Authorization header. */
  readonly authorization: string | null;
  /** Milliseconds since the epoch, by the provider's clock. */
  readonly at: number;
}

/** The browser's request to the app: a GET by a redirect, or a POST of a form (`response_mode=form_post`). */
export interface AuthorizationResponse {
  readonly url: string;
  readonly method: "GET" | "POST";
  /** The form, url-encoded. */
  readonly body?: string;
}

/** The user's decision at the provider. */
export interface AuthorizeOptions {
  /** The user refuses: `access_denied`. @default false */
  deny?: boolean;
  /** Another error code for the authorization response. @default none */
  error?: string;
  /** Signs in again, as this user. @default the user who is signed in at the provider, else signs in as the provider's user */
  user?: Readonly<Record<string, unknown>>;
}

/** An OpenID Provider as a `fetch` function: it signs real tokens, records its requests, and commits the faults that a test gives it. */
export interface TestProvider {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /**
   * Give this to an adapter as its `fetch`. It never follows a redirect; requests to other origins fail as without a network.
   * A test server can also pass a browser's requests to it: the authorization and end-session endpoints answer them.
   */
  readonly fetch: typeof globalThis.fetch;
  /**
   * Acts as the user: signs in at an authorization URL, and returns the response that the browser takes to the app.
   * @throws TypeError for an unknown client, redirect URI or request URI: no response may be sent to the app
   */
  authorize(url: string, options?: AuthorizeOptions): Promise<AuthorizationResponse>;
  /** Signs a user in at the provider now, so that `prompt=none` and single sign-on find a session. */
  signInAs(user: Readonly<Record<string, unknown>>): void;
  /** All requests that the provider received, in order. */
  readonly requests: readonly ProviderRequest[];
  /** Commits a fault `times` times, or until the returned function is called. */
  misbehave(fault: Fault, options?: MisbehaveOptions): () => void;
  /** Signs with a new key from now on, and publishes only that key. */
  rotateKeys(): Promise<void>;
  /** Revokes a refresh token and all other tokens of its sign-in, or one access token. */
  revoke(refreshToken: string): void;
  /** Signs any claims with the current key, such as an access token for a test of an API, or an invalid ID Token. */
  sign(claims: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>;
}
