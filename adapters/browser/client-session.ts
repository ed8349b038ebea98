import type { TokenSet } from "../../core/exchange/token-set.js";
import type { User } from "../../core/exchange/user.js";

/** The session of a page: its user and tokens, which are only in memory. */
export interface ClientSession {
  readonly user: User;
  readonly tokens: TokenSet;
  /** The scope of the sign-in: a renewal requests the same scope. */
  readonly scope: string;
  /** The organization that the sign-in was for. */
  readonly organization?: string | undefined;
  /** A refresh failed without an HTTP status of the provider: the refresh token may be used up. */
  readonly isDoubtful?: boolean | undefined;
}

/** The session without a refresh token that must not be used any more. */
export function withoutRefreshToken(session: ClientSession): ClientSession {
  const { refreshToken: _refreshToken, ...tokens } = session.tokens;
  return { ...session, tokens };
}
