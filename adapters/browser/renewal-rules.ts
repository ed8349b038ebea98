import { ExchangeError } from "../../core/errors.js";
import { assess } from "../../core/exchange/token-life.js";
import { type AccessToken, isSpecial, type TokenRequest, type TokenSet } from "../../core/exchange/token-set.js";
import { type ClientSession, withoutRefreshToken } from "./client-session.js";
import { isUsable } from "./session.js";

/** The decisions of a renewal: values in, values out. `renewal.ts` acts on them. */

/** The token of a session that fits a request: `token` while it is valid, and whether it should be renewed. */
export interface TokenStatus {
  readonly token: AccessToken | undefined;
  readonly isDue: boolean;
}

/** @param rejected the access token that the caller wants replaced: it counts as none */
export function tokenStatus(tokens: TokenSet, request: TokenRequest, now: number, rejected?: string): TokenStatus {
  const state = assess(tokens, { ...request, refresh: false }, now, true);
  const token = "token" in state && state.token?.accessToken !== rejected ? state.token : undefined;
  return { token, isDue: state.name !== "fresh" };
}

/** The token that serves a request without a renewal. While the provider is given a rest, a token that is due serves too. */
export const servingToken = ({ token, isDue }: TokenStatus, isResting: boolean): AccessToken | undefined =>
  isDue && !isResting ? undefined : token;

/** How to get new tokens without the user: with the refresh token, or by the session at the provider, in a hidden frame. */
export interface RenewalPlan {
  /** Undefined if the frame alone can help. */
  readonly refreshToken: string | undefined;
  /** The frame comes before the refresh token, not after it. */
  readonly isFrameFirst: boolean;
}

/**
 * A refresh token that may be used up is not sent first: using one twice can end the grant (RFC 9700 4.14.2). Without resource
 * indicators, a refresh token serves no other audience or scope.
 */
export function renewalPlan(
  { tokens, isDoubtful = false }: ClientSession,
  request: TokenRequest,
  resourceIndicators: boolean,
): RenewalPlan {
  const refreshToken = isSpecial(request) && !resourceIndicators ? undefined : tokens.refreshToken;
  return { refreshToken, isFrameFirst: refreshToken !== undefined && isDoubtful };
}

export const codeOf = (error: unknown): string | undefined => (error instanceof ExchangeError ? error.code : undefined);

/**
 * The session after a refresh that failed. If the grant has ended, the session goes on without its refresh token. Without an
 * HTTP status of the provider (no response, or one that was refused) the refresh token may be used up. After any other error it
 * is as good as before.
 */
export function failedRefresh(session: ClientSession, error: unknown): ClientSession & { isDoubtful: boolean } {
  if (codeOf(error) === "grant_ended") return { ...withoutRefreshToken(session), isDoubtful: false };
  const { status } = ((error as Error).cause ?? {}) as { status?: unknown };
  return { ...session, isDoubtful: status === undefined };
}

/**
 * Whether the session has ended: the provider has no session for this user, and neither a valid token nor a refresh token is
 * left. A request for another audience or scope says nothing of the session. `isRefreshUntried`: the session has a refresh token
 * that could not be used this time.
 */
export const hasEnded = (
  error: unknown,
  session: ClientSession,
  request: TokenRequest,
  now: number,
  isRefreshUntried: boolean,
): boolean =>
  codeOf(error) === "login_required" && !isSpecial(request) && !isUsable(session.tokens, now) && !isRefreshUntried;
