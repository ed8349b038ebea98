/** The caller's fault: thrown at start-up, or where a method is called with what it cannot take. */
export type MisuseCode =
  | "ERR_CONFIG"
  | "ERR_NOT_JSON"
  | "ERR_TOO_LARGE"
  | "ERR_NO_SESSION"
  | "ERR_ORIGIN_NOT_ALLOWED"
  | "ERR_HEADERS_SENT"
  | "ERR_SERVER_ONLY";

/** Wrong use or configuration. The message says what to change; `code` is stable. */
export class MisuseError extends Error {
  override readonly name = "MisuseError";
  constructor(
    readonly code: MisuseCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(`latchkey: ${message}`, options);
  }
}

/** @throws MisuseError (`ERR_CONFIG`) unless it holds; the message says what must. */
export function must(holds: unknown, message: string): asserts holds {
  if (!holds) throw new MisuseError("ERR_CONFIG", message);
}

/** What can go wrong between us and the provider, with the HTTP status that tells a client whose fault it was. */
export const exchangeStatus = {
  /** The callback came without its transaction: another browser or host, cookies blocked, or used before. */
  no_transaction: 400,
  /** The sign-in took longer than 15 minutes. */
  transaction_expired: 400,
  /** `state` is not the one of the transaction (RFC 6749 10.12). */
  state_mismatch: 400,
  /** `iss` is another issuer's, or missing though announced (RFC 9207 2.4). */
  issuer_mismatch: 400,
  /** Neither code nor error, or a parameter twice. */
  invalid_response: 400,
  /** The user or the provider refused (RFC 6749 4.1.2.1 `access_denied`). */
  access_denied: 403,
  /** `prompt=none` without a session at the provider (`login_required`, `interaction_required`, `consent_required`). */
  login_required: 401,
  /** Any other error of the authorization endpoint. */
  authorization_failed: 400,
  /** The provider did not answer in time, or answered with 408, 429 or 5xx. */
  provider_unreachable: 503,
  /** The provider's answer breaks the protocol, or its metadata does not fit the configured issuer. */
  provider_invalid: 502,
  /** The provider refused our client authentication or registration: configuration. */
  client_rejected: 500,
  /** The provider refused the code (`invalid_grant`): used before, or too old. */
  code_rejected: 400,
  /** The ID Token is not valid: signature, algorithm, issuer, audience, times or subject (OpenID Connect Core 3.1.3.7). */
  id_token_invalid: 502,
  /** The ID Token answers another sign-in (its `nonce`). */
  nonce_mismatch: 400,
  /** The user's authentication is older than the `maxAge` asked for. */
  authentication_too_old: 403,
  /** The ID Token is for another organization than the one asked for. */
  organization_mismatch: 403,
  /** No one is signed in. */
  no_session: 401,
  /** There is no usable access token, and no refresh token to get one with. */
  no_access_token: 401,
  /** The token must be refreshed, but this response can no longer carry cookies. */
  refresh_required: 401,
  /** The refresh token is spent or revoked (`invalid_grant`): the session has ended. */
  grant_ended: 401,
  /** The session would not fit into its cookies. */
  session_too_large: 500,
} as const;

/** The stable codes of {@link ExchangeError}. */
export type ExchangeErrorCode = keyof typeof exchangeStatus;

/** A failed sign-in, refresh or token request. Its message is fixed text; what the provider said is in `cause`. */
export class ExchangeError extends Error {
  override readonly name = "ExchangeError";
  /** Also of another copy of this package, which a bundler may have made: copies in one process share what is under way. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    const { name, code } = (value ?? {}) as Partial<ExchangeError>;
    // An error of an app's own may have the name, but none of the codes.
    return name === "ExchangeError" && Object.hasOwn(exchangeStatus, `${code}`);
  }
  /** The HTTP status that answers it. */
  readonly status: number;
  constructor(
    readonly code: ExchangeErrorCode,
    options?: { cause?: unknown },
  ) {
    super(`latchkey: ${code.replaceAll("_", " ")}`, options);
    this.status = exchangeStatus[code];
  }
}

/** A session that its cookies cannot hold. Nothing was written. */
export class CookieTooLargeError extends Error {
  override readonly name = "CookieTooLargeError";
  readonly code = "ERR_COOKIE_TOO_LARGE";
  constructor(
    /** Bytes that all our cookies together would take in a Cookie header. */
    readonly bytes: number,
    /** The most they may take. */
    readonly limit: number,
    /** The largest fields of what was to be written, largest first, with their bytes as JSON. */
    readonly largest: ReadonlyArray<{ readonly field: string; readonly bytes: number }>,
  ) {
    super(
      `latchkey: ${bytes} bytes of cookies, ${limit} at most; largest: ` +
        `${largest.map((entry) => `${entry.field} (${entry.bytes})`).join(", ")}. Keep less, or use a store.`,
    );
  }
}
