export interface SpaProvider {
  readonly issuer: string;
  /** The grant types of the token requests, in order: `authorization_code` or `refresh_token`, with `!` in front if the provider refused. */
  readonly grants: string[];
  /** The token responses. */
  readonly issued: ReadonlyArray<{ access_token: string; refresh_token?: string; id_token: string }>;
  /** The `prompt` of each finished authorization request; "" if it had none. */
  readonly authorizations: string[];
  /** The URLs of all requests. No access token or refresh token may be in them. */
  readonly urls: string[];
  /** Ends the provider's sessions of all users. */
  forgetSessions(): Promise<void>;
  /** Delays the responses of a path by this many milliseconds. */
  readonly delays: Map<string, number>;
  /** Paths whose response is 503. */
  readonly broken: Set<string>;
  stop(): Promise<void>;
}

export interface SpaProviderOptions {
  /** The origins of the app, whose pages are the redirect URIs. */
  readonly origins: readonly string[];
  /** @default "localhost" */
  readonly host?: string;
  /** Seconds. @default 600 */
  readonly accessTokenLifetime?: number;
  /** Whether a code brings a refresh token even without `offline_access`. @default false */
  readonly refreshTokens?: boolean;
  /** Whether browsers send the provider's cookies in frames of other sites. @default false */
  readonly thirdParty?: boolean;
  /** The Cross-Origin-Opener-Policy header; `same-origin` separates a popup from its opener. */
  readonly openerPolicy?: string;
  /** The user whom the sign-in page signs in by itself, in a browser that no driver controls. */
  readonly autoSignIn?: string;
  /** Whether the provider shows a consent page. @default false */
  readonly consent?: boolean;
}
