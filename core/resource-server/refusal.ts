import type { ExchangeError } from "../errors.js";
import type { Reply } from "../request/response.js";

/** The codes with which a request for a protected resource is refused (RFC 6750 3.1, RFC 9449 12.2, RFC 9470 3). */
export type AccessTokenRefusalCode =
  /** The request has no access token, or sends it by a scheme that the API does not take. */
  | "no_token"
  /** The Authorization header is malformed. */
  | "invalid_request"
  /** The access token is not valid here, or has expired. */
  | "invalid_token"
  /** The access token is valid, but lacks a required scope or claim. */
  | "insufficient_scope"
  /** The access token is valid, but the user must sign in again, or in another way (RFC 9470). */
  | "insufficient_user_authentication"
  /** The DPoP proof is missing, not valid here, or was used before (RFC 9449 7.1). */
  | "invalid_dpop_proof"
  /** The DPoP proof lacks a nonce of this API, or has one that is too old (RFC 9449 9). */
  | "use_dpop_nonce"
  /** The provider's keys, its introspection endpoint or the store cannot be reached, so the access token cannot be checked. */
  | "temporarily_unavailable";

/** The statuses of the codes that do not ask the client to authenticate. */
const refusalStatus: Partial<Record<AccessTokenRefusalCode, number>> = {
  invalid_request: 400,
  insufficient_scope: 403,
  temporarily_unavailable: 503,
};

/** Why a request was refused. The client learns only `code`. */
export interface AccessTokenRefusal {
  readonly code: AccessTokenRefusalCode;
  /**
   * With `invalid_token`, what is wrong: `format` (not a JWT), `signature`, `payload`, `typ`, the name of a claim, `active`
   * (introspection), or `id_token`. With `insufficient_scope` and `insufficient_user_authentication`: the name of the claim; undefined for
   * a scope. With `invalid_dpop_proof`: the name of the member of the proof. With `temporarily_unavailable`: the code of an ExchangeError,
   * such as `provider_unreachable` or `provider_invalid`.
   */
  readonly reason?: string;
  /** The error of the request to the provider, or of the check of the signature; or the claim that is wrong. Never holds the token. */
  readonly cause?: unknown;
  /** What to check, mostly options: `audience`. Undefined where no option helps, as with a token that has expired. */
  readonly advice?: string | undefined;
}

/** A refusal, and what the response has in addition. Values have no quotes and no control characters. */
export interface Refused {
  readonly refusal: AccessTokenRefusal;
  /** Further parameters of the challenge. */
  readonly parameters?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The refusal of a token that cannot be checked. `advice`: as in {@link AccessTokenRefusal}. */
export const unavailable = (cause: ExchangeError, advice: string): Refused => ({
  refusal: { code: "temporarily_unavailable", reason: cause.code, cause, advice },
});

/** What the challenges of an API have in common. */
export interface ChallengeSettings {
  /** Scopes that a token must have been granted, all of them. */
  readonly scope: readonly string[];
  /** The URL of the API's metadata (RFC 9728 5.1). */
  readonly resourceMetadata?: string | undefined;
  /** Makes the challenge of another scheme than Bearer. */
  readonly dpop?: { challenge(parameters: string, code: AccessTokenRefusalCode): string } | undefined;
}

/** The reply to a refused request (RFC 6750 3), with fixed text. */
export function refuse({ refusal: { code }, parameters, headers }: Refused, settings: ChallengeSettings): Reply {
  const challenge = Object.entries({
    // RFC 9110 11.6.1: a challenge has at least one parameter. This one reveals nothing.
    realm: "api",
    // RFC 6750 3.1: no error for a client that did not know that it needs a token.
    error: code === "no_token" ? "" : code,
    scope: settings.scope.join(" "),
    resource_metadata: settings.resourceMetadata,
    ...parameters,
  })
    .flatMap(([name, value]) => (value ? `${name}="${value}"` : []))
    .join(", ");
  return {
    status: refusalStatus[code] ?? 401,
    headers: {
      "content-type": "application/json; charset=utf-8",
      "cache-control": "no-store",
      // A challenge asks for another token, which would not help here.
      ...(code === "temporarily_unavailable"
        ? { "retry-after": "5" }
        : { "www-authenticate": settings.dpop?.challenge(challenge, code) ?? `Bearer ${challenge}` }),
      ...headers,
    },
    body: JSON.stringify({ error: code }),
  };
}
