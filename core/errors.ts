import { describe } from "./describe.js";

/**
 * The base of all errors of this package. `code` says what went wrong and never changes; `message` is for people.
 *
 * `instanceof` also recognises an error that another copy of the package made: an app can have several, because its bundler
 * or Next made them, or because it loads one entry with `import` and another with `require`. An error of the app's own never
 * passes, whatever its name and code.
 */
export abstract class LatchkeyError<Code extends string = string> extends Error {
  constructor(
    readonly code: Code,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(`latchkey: ${message}`, options);
    this.name = this.latchkeyError();
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore-start lint/complexity/noThisInStatic: `this` is the class on the right side of `instanceof`
    const { prototype } = this;
    const isOwn = super[Symbol.hasInstance](value);
    // biome-ignore-end lint/complexity/noThisInStatic: as above
    // Made by another copy of the package, or not by the package at all. A class that an app derives inherits the method, and
    // exists in no other copy.
    const { latchkeyError } = (value ?? {}) as Partial<LatchkeyError>;
    return (
      isOwn ||
      (Object.hasOwn(prototype, "latchkeyError") &&
        typeof latchkeyError === "function" &&
        latchkeyError().endsWith(prototype.latchkeyError()))
    );
  }

  /**
   * The name of the class, which is the same in every copy of the package; each ends in the name of the class that it extends.
   * A method, because JSON cannot hold one.
   * @internal
   */
  latchkeyError(): string {
    return "Error";
  }
}

/** What a caller can do wrong. */
export type MisuseCode =
  /** An option is wrong or missing, or a part of the package is used in the wrong place. */
  | "invalid_config"
  /** A value to be sealed or stored is not JSON. */
  | "not_json"
  /** A value to be sealed is too large. */
  | "value_too_large"
  /** A session is to be changed, or read as behind a guard, where the request has none. */
  | "no_session"
  /** `fetch` was called for an origin that is not in `apiOrigins`. */
  | "origin_not_allowed"
  /** Cookies are to be written when the headers of the response have left. */
  | "headers_sent"
  /** A function of the server was called in a page. */
  | "server_only"
  /** A store breaks a promise of its contract (`checkStore`). */
  | "invalid_store";

/** Wrong use or configuration: the app's fault. The message says what to change. */
export class MisuseError extends LatchkeyError<MisuseCode> {
  override latchkeyError(): string {
    return "MisuseError";
  }
}

/** @throws MisuseError (`invalid_config`) with the message, which says what must hold, unless it does */
export function must(holds: unknown, message: string): asserts holds {
  if (!holds) throw new MisuseError("invalid_config", message);
}

/** What can go wrong between the app and its provider: the stable codes of {@link ExchangeError}. */
export type ExchangeErrorCode =
  /** The callback came without its transaction: another browser or host, cookies blocked, or a callback that was used before. */
  | "no_transaction"
  /** The sign-in took longer than 15 minutes. */
  | "transaction_expired"
  /** `state` is not the one of the transaction (RFC 6749 10.12). */
  | "state_mismatch"
  /** `iss` is not the configured issuer, or is missing though the provider announced it (RFC 9207 2.4). */
  | "issuer_mismatch"
  /** The callback has neither a code nor an error, or has a parameter twice. */
  | "invalid_response"
  /** The user cancelled, or the provider refused (RFC 6749 4.1.2.1 `access_denied`), or cannot meet the requested `acrValues`. */
  | "access_denied"
  /** `prompt=none` without a session at the provider (`login_required`, `interaction_required`, `consent_required`). */
  | "login_required"
  /** Any other error of the authorization endpoint. */
  | "authorization_failed"
  /** The provider did not answer in time, or answered with 408, 429 or 5xx. */
  | "provider_unreachable"
  /** The provider's answer breaks the protocol, or its discovery document does not fit the configured issuer. */
  | "provider_invalid"
  /** The provider refused the client's authentication or registration: the configuration is wrong here or there. */
  | "client_rejected"
  /** The provider refused the code (`invalid_grant`): used before, or too old. */
  | "code_rejected"
  /** The ID Token is not valid: signature, algorithm, issuer, audience, times or subject (OpenID Connect Core 3.1.3.7). */
  | "id_token_invalid"
  /** The ID Token belongs to another sign-in (its `nonce`). */
  | "nonce_mismatch"
  /** The user authenticated longer ago than the requested `maxAge`. */
  | "authentication_too_old"
  /** The user authenticated in another way than the requested `acrValues`. */
  | "authentication_too_weak"
  /** A guard refused a signed-in user: the session lacks a claim or a scope that the guard requires. */
  | "forbidden"
  /** The ID Token is for another organization than the requested one. */
  | "organization_mismatch"
  /** The request has no session. */
  | "no_session"
  /** The session has no usable access token, and no refresh token to get one with. */
  | "no_access_token"
  /** The access token must be refreshed, but this response can no longer carry cookies. */
  | "refresh_required"
  /** The refresh token is spent or revoked (`invalid_grant`): the session has ended. */
  | "grant_ended"
  /** The provider refused the refresh token; another request may have its successor: try again with the browser's latest cookies. */
  | "refresh_conflict"
  /** The session does not fit into its cookies. */
  | "session_too_large"
  /** The sign-in does not fit into its cookie: `returnTo` or `appState` is too long. */
  | "sign_in_too_large"
  /** The user was signed out everywhere while this sign-in was under way. */
  | "signed_out"
  /** A logout token of the provider is not valid, or was used before (Back-Channel Logout 2.6). */
  | "logout_token_invalid"
  /** The store did not answer in time, or refused: it is away, full or read-only. Nothing was lost: the request may be sent again. */
  | "store_unavailable"
  /** Other requests changed the stored session again and again while this one tried to. */
  | "store_conflict";

/** The HTTP status of a code, which tells a client whose fault it was, where it is not 400: a callback that is not valid. */
const statusOf: Partial<Record<ExchangeErrorCode, number>> = {
  access_denied: 403,
  login_required: 401,
  provider_unreachable: 503,
  provider_invalid: 502,
  client_rejected: 500,
  id_token_invalid: 502,
  authentication_too_old: 403,
  authentication_too_weak: 403,
  forbidden: 403,
  organization_mismatch: 403,
  no_session: 401,
  no_access_token: 401,
  refresh_required: 401,
  grant_ended: 401,
  refresh_conflict: 503,
  session_too_large: 500,
  store_unavailable: 503,
  store_conflict: 503,
};

/**
 * A failed sign-in, refresh or token request. `cause` has what the provider said, and the message says it in one line. Neither holds a
 * secret, a token or a code.
 */
export class ExchangeError extends LatchkeyError<ExchangeErrorCode> {
  override latchkeyError(): string {
    return "ExchangeError";
  }
  /** The HTTP status to answer with. */
  readonly status: number;
  constructor(code: ExchangeErrorCode, options?: { cause?: unknown }) {
    const why = describe(options?.cause ?? "");
    super(code, code.replaceAll("_", " ") + (why && `: ${why}`), options);
    this.status = statusOf[code] ?? 400;
  }
}

/** The error of a step that failed. @throws what was thrown, unless it is an ExchangeError */
export function exchangeErrorOf(thrown: unknown): ExchangeError {
  if (thrown instanceof ExchangeError) return thrown;
  throw thrown;
}

/** A session does not fit into its cookies. Nothing was written. */
export class CookieTooLargeError extends LatchkeyError<"cookie_too_large"> {
  override latchkeyError(): string {
    return "CookieTooLargeError";
  }
  constructor(
    /** Bytes that all cookies of this package together would take in a Cookie header. */
    readonly bytes: number,
    /** The most they may take. */
    readonly limit: number,
    /** The largest fields of the session, largest first, with their bytes as JSON. */
    readonly largest: ReadonlyArray<{ readonly field: string; readonly bytes: number }>,
  ) {
    const fields = largest.map((entry) => `${entry.field} (${entry.bytes})`).join(", ");
    const message = `${bytes} bytes of cookies, ${limit} at most; largest: ${fields}. Keep less, or use a store`;
    super("cookie_too_large", message);
  }
}
