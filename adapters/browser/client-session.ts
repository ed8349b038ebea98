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
  /**
   * The refresh token may be used up: it was sent, or was about to be sent, and the provider's answer is not known. It is sent again
   * only when nothing else is left.
   */
  readonly isDoubtful?: boolean | undefined;
}

/** The session without a refresh token that must not be used any more. */
export function withoutRefreshToken(session: ClientSession): ClientSession {
  const { refreshToken: _refreshToken, ...tokens } = session.tokens;
  return { ...session, tokens };
}

/** The user of a session, as a session without tokens; its ID Token stays, which names the user to the provider. */
export const withoutTokens = ({ user, organization, tokens: { idToken } }: ClientSession): ClientSession => ({
  user,
  organization,
  scope: "",
  tokens: { accessToken: "", expiresAt: 0, ...(idToken === undefined ? {} : { idToken }) },
});
