import type { Reply } from "../request/response.js";

/** The HTTP statuses of what a request for a protected resource can be refused for (RFC 6750 3.1). */
const refusalStatus = {
  /** No access token came with it, or not as Bearer. */
  no_token: 401,
  /** The Authorization header is not one access token. */
  invalid_request: 400,
  /** The access token is not valid here, or not any more. */
  invalid_token: 401,
  /** It is, but was not granted the scope that is required. */
  insufficient_scope: 403,
  /** The provider's keys cannot be had: nobody can tell. */
  temporarily_unavailable: 503,
} as const;

/** Why a request was not let in. Nothing of it goes to the client but `code`. */
export interface AccessTokenRefusal {
  readonly code: keyof typeof refusalStatus;
  /**
   * What is wrong with an access token: `format` (no JWT), `signature`, `payload`, `typ`, the name of a claim, or `id_token`.
   * Where the keys cannot be had: `provider_unreachable`, or `provider_invalid`, as with a wrong `issuer`.
   */
  readonly reason?: string;
  /** What was thrown on the way to the provider's keys, or by the check of the signature. Never holds the token. */
  readonly cause?: unknown;
}

/** Characters of an Authorization header that are read; access tokens have some thousand. */
const MAX_LENGTH = 16_384;

/** The access token of an Authorization header (RFC 6750 2.1), or why there is none. */
export function presentedToken(authorization: string | null | undefined): string | AccessTokenRefusal {
  // RFC 9110 11.1: the scheme is case-insensitive. Another one, which goes on with a visible character, is not for us: as if
  // nothing had been sent (RFC 6750 3.1). A comma ends it, and so does a blank, of which the space alone may stand there.
  if (!/^bearer(?![!-+\--~])/i.test(authorization ?? "")) return { code: "no_token" };
  const [, token] = /^\w+ +([\w.~+/-]+=*)$/.exec(`${authorization}`) ?? [];
  return token && `${authorization}`.length <= MAX_LENGTH ? token : { code: "invalid_request" };
}

/** The answer to a request that was refused (RFC 6750 3): fixed text. `scope`: what is required. */
export function refuse({ code }: AccessTokenRefusal, scope: readonly string[]): Reply {
  const challenge = [
    // At least one parameter must be there; this one says nothing.
    'realm="api"',
    // RFC 6750 3.1: not to a client that did not know that it needs a token.
    ...(code === "no_token" ? [] : [`error="${code}"`]),
    ...(scope.length > 0 ? [`scope="${scope.join(" ")}"`] : []),
  ];
  return {
    status: refusalStatus[code],
    headers: {
      "content-type": "application/json; charset=utf-8",
      "cache-control": "no-store",
      // Another token would not help.
      ...(code === "temporarily_unavailable"
        ? { "retry-after": "5" }
        : { "www-authenticate": `Bearer ${challenge.join(", ")}` }),
    },
    body: JSON.stringify({ error: code }),
  };
}
