import type { Reply } from "../request/response.js";

/** The codes with which a request for a protected resource is refused (RFC 6750 3.1). */
export type AccessTokenRefusalCode =
  /** The request has no access token, or sends it by another scheme than Bearer. */
  | "no_token"
  /** The Authorization header is malformed. */
  | "invalid_request"
  /** The access token is not valid here, or has expired. */
  | "invalid_token"
  /** The access token is valid, but was not granted the required scopes. */
  | "insufficient_scope"
  /** The provider's keys cannot be fetched, so the access token cannot be checked. */
  | "temporarily_unavailable";

const refusalStatus: Readonly<Record<AccessTokenRefusalCode, number>> = {
  no_token: 401,
  invalid_request: 400,
  invalid_token: 401,
  insufficient_scope: 403,
  temporarily_unavailable: 503,
};

/** Why a request was refused. The client learns only `code`. */
export interface AccessTokenRefusal {
  readonly code: AccessTokenRefusalCode;
  /**
   * With `invalid_token`, what is wrong: `format` (not a JWT), `signature`, `payload`, `typ`, the name of a claim, or `id_token`.
   * With `temporarily_unavailable`: `provider_unreachable`, or `provider_invalid` (for example because `issuer` is wrong).
   */
  readonly reason?: string;
  /** The error of the request for the provider's keys, or of the check of the signature; or the claim that is wrong. Never holds the token. */
  readonly cause?: unknown;
  /** What to check, mostly options: `audience`. Undefined where no option helps, as with a token that has expired. */
  readonly advice?: string | undefined;
}

/** Characters of an Authorization header that are read; access tokens have some thousand. */
const MAX_LENGTH = 16_384;

/** The access token of an Authorization header (RFC 6750 2.1), or why it has none. */
export function bearerToken(authorization: string | null | undefined): string | AccessTokenRefusal {
  const header = authorization ?? "";
  // RFC 9110 11.1: the scheme is case-insensitive, and a comma or a blank ends it. A visible character makes it another scheme,
  // which this API does not support: the request counts as one without a token (RFC 6750 3.1).
  if (!/^bearer(?![!-+\--~])/i.test(header)) return { code: "no_token" };
  // Of the blanks, only spaces may separate the scheme from the token.
  const [, token] = /^\w+ +([\w.~+/-]+=*)$/.exec(header) ?? [];
  return token && header.length <= MAX_LENGTH ? token : { code: "invalid_request" };
}

/** The reply to a refused request (RFC 6750 3), with fixed text. `scope`: what the API requires. */
export function refuse({ code }: AccessTokenRefusal, scope: readonly string[]): Reply {
  const challenge = [
    // RFC 9110 11.6.1: a challenge has at least one parameter. This one reveals nothing.
    'realm="api"',
    // RFC 6750 3.1: no error for a client that did not know that it needs a token.
    ...(code === "no_token" ? [] : [`error="${code}"`]),
    ...(scope.length > 0 ? [`scope="${scope.join(" ")}"`] : []),
  ];
  return {
    status: refusalStatus[code],
    headers: {
      "content-type": "application/json; charset=utf-8",
      "cache-control": "no-store",
      // A challenge asks for another token, which would not help here.
      ...(code === "temporarily_unavailable"
        ? { "retry-after": "5" }
        : { "www-authenticate": `Bearer ${challenge.join(", ")}` }),
    },
    body: JSON.stringify({ error: code }),
  };
}
