/** Who is signed in: the claims of the ID Token (and of userinfo, when asked for), without those of the protocol. */
export interface User {
  /** The subject: unique at its issuer, never reassigned (OpenID Connect Core 2). */
  readonly sub: string;
  // What the scopes `profile` and `email` ask for, as far as providers give it (OpenID Connect Core 5.1).
  readonly name?: string;
  readonly given_name?: string;
  readonly family_name?: string;
  readonly nickname?: string;
  readonly preferred_username?: string;
  /** A URL. */
  readonly picture?: string;
  readonly email?: string;
  readonly email_verified?: boolean;
  readonly locale?: string;
  readonly [claim: string]: unknown;
}

/** Claims about the token rather than about the user (RFC 7519 4.1, OpenID Connect Core 2 and 3.3.2.11). */
const PROTOCOL_CLAIMS = /* @__PURE__ */ "iss aud exp iat nbf jti nonce at_hash c_hash s_hash azp auth_time sid".split(
  " ",
);

/** The user that claims tell of; the subject is the one that the ID Token was verified for. */
export const userOf = (claims: Readonly<Record<string, unknown>>, sub: string): User => ({
  ...Object.fromEntries(Object.entries(claims).filter(([name]) => !PROTOCOL_CLAIMS.includes(name))),
  sub,
});
