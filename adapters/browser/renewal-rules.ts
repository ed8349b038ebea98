import { ExchangeError } from "../../core/errors.js";
import { assess } from "../../core/exchange/token-life.js";
import { type AccessToken, isSpecial, type TokenRequest, type TokenSet } from "../../core/exchange/token-set.js";
import { type ClientSession, withoutRefreshToken } from "./client-session.js";
import { isUsable } from "./session.js";

/*
 * The decisions of a renewal. These functions take values and return values; `renewal.ts` acts on them.
 */

/** The access token of a session that fits a request. `token`: undefined if none is valid. `isDue`: it should be renewed. */
export interface TokenStatus {
  readonly token: AccessToken | undefined;
  readonly isDue: boolean;
}

/** @param rejectedToken an access token that the caller wants replaced: it does not count as valid */
export function tokenStatus(tokens: TokenSet, request: TokenRequest, now: number, rejectedToken?: string): TokenStatus {
  const state = assess(tokens, { ...request, refresh: false }, now, true);
  const token = "token" in state && state.token?.accessToken !== rejectedToken ? state.token : undefined;
  return { token, isDue: state.name !== "fresh" };
}

/** The token that serves a request without a renewal. While this tab backs off after a failure, a token that is due serves too. */
export const servingToken = ({ token, isDue }: TokenStatus, isBackingOff: boolean): AccessToken | undefined =>
  isDue && !isBackingOff ? undefined : token;

/** How to get new tokens without the user: with the refresh token, or in a hidden frame by the session at the provider. */
export interface RenewalPlan {
  /** The refresh token to send; undefined if only the frame can get new tokens. */
  readonly refreshToken: string | undefined;
  /** Whether the frame comes before the refresh token. */
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
 * The session after a refresh that failed. If the grant has ended, the session loses its refresh token. If the error has no HTTP
 * status of the provider, the refresh token may be used up: the request may have had no response, or one that was refused. After
 * any other error the refresh token is as good as before.
 */
export function failedRefresh(session: ClientSession, error: unknown): ClientSession & { isDoubtful: boolean } {
  if (codeOf(error) === "grant_ended") return { ...withoutRefreshToken(session), isDoubtful: false };
  const { status } = ((error as Error).cause ?? {}) as { status?: unknown };
  return { ...session, isDoubtful: status === undefined };
}

/**
 * Whether the session has ended: the provider has no session for this user, and the page has neither a valid token nor a refresh
 * token. The failure of a request for another audience or scope does not end the session. `isRefreshUntried`: the session has a
 * refresh token that this turn could not reserve.
 */
export const hasEnded = (
  error: unknown,
  session: ClientSession,
  request: TokenRequest,
  now: number,
  isRefreshUntried: boolean,
): boolean =>
  codeOf(error) === "login_required" && !isSpecial(request) && !isUsable(session.tokens, now) && !isRefreshUntried;
