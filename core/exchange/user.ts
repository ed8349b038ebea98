import type { RegisteredUser } from "../register.js";

/** The claims about a user in the ID Token (and in the userinfo response, with `userinfo: true`), without those about the token. */
export interface UserClaims {
  /** The subject: unique at its issuer, never reassigned (OpenID Connect Core 2). */
  readonly sub: string;
  // Claims of the scopes `profile` and `email` that most providers send (OpenID Connect Core 5.1 and 5.4).
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

/** The user of a session: the claims, and what the app registered in `Register` (`latchkey`). */
export type User = UserClaims & RegisteredUser;

/** The user as `onSignIn` returns it: any claims, and what the app registered. The `sub` stays that of the ID Token. */
export type ShapedUser = Readonly<Record<string, unknown>> & RegisteredUser;

/** Claims about the token rather than about the user (RFC 7519 4.1, OpenID Connect Core 2 and 3.3.2.11). */
const PROTOCOL_CLAIMS = /* @__PURE__ */ "iss aud exp iat nbf jti nonce at_hash c_hash s_hash azp auth_time sid".split(
  " ",
);

/** The claims about the user; the subject is that of the verified ID Token. */
export const userOf = (claims: Readonly<Record<string, unknown>>, sub: string): UserClaims => ({
  ...Object.fromEntries(Object.entries(claims).filter(([name]) => !PROTOCOL_CLAIMS.includes(name))),
  sub,
});
