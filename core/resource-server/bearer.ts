import type { AccessTokenRefusal } from "./refusal.js";

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
