export interface SpaProvider {
  readonly issuer: string;
  /** What the token endpoint was asked for, in order: `authorization_code`, `refresh_token`, with `!` when it refused. */
  readonly grants: string[];
  /** What the token endpoint answered. */
  readonly issued: ReadonlyArray<{ access_token: string; refresh_token?: string; id_token: string }>;
  /** Of each authorization that was decided, its `prompt`; "" for none. */
  readonly authorizations: string[];
  /** URLs that were asked for, and what was posted: no access token or refresh token may be in the first. */
  readonly urls: string[];
  /** Ends the provider's sessions of everybody. */
  forgetSessions(): Promise<void>;
  /** Holds answers of a path back so many milliseconds. */
  readonly delays: Map<string, number>;
  /** Paths that answer 503. */
  readonly broken: Set<string>;
  stop(): Promise<void>;
}

export interface SpaProviderOptions {
  /** Where the app lives: redirect URIs are pages of these origins. */
  readonly origins: readonly string[];
  /** @default "localhost" */
  readonly host?: string;
  /** Seconds. @default 600 */
  readonly accessTokenLifetime?: number;
  /** Whether codes bring a refresh token without `offline_access`. @default false */
  readonly refreshTokens?: boolean;
  /** Cookies that go to frames of other sites as well. @default false */
  readonly thirdParty?: boolean;
  /** Cuts popups off from who opened them. */
  readonly openerPolicy?: string;
  /** Whether people are asked for consent. @default false */
  readonly consent?: boolean;
}
