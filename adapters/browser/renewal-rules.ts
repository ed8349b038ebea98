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

/** Milliseconds after a failure in which a token that is due but valid is used without a new attempt. */
export const REST = 10_000;

/** Whether tabs rest after a failure. A time further away than {@link REST} is from before a change of the clock. */
export const isResting = (restingUntil: number, now: number): boolean =>
  restingUntil > now && restingUntil <= now + REST;

/** The token that serves a request without a renewal. While the tabs rest after a failure, a token that is due serves too. */
export const servingToken = ({ token, isDue }: TokenStatus, rests: boolean): AccessToken | undefined =>
  isDue && !rests ? undefined : token;

/** A way to get new tokens without the user: by the refresh token, or in a hidden frame by the session at the provider. */
export type RenewalStep = "refresh" | "frame";

/**
 * The steps of a renewal; each is taken if the one before it failed in a way that leaves it open. A doubtful refresh token is the
 * last resort: using one twice can end the grant (RFC 9700 4.14.2), so the frame comes first, and while a token is valid the frame
 * is the only step. Without resource indicators, a refresh token serves no other audience or scope.
 * @param isTokenValid whether the caller can go on with a token that it has
 */
export function renewalSteps(
  { tokens, isDoubtful }: ClientSession,
  request: TokenRequest,
  resourceIndicators: boolean,
  isTokenValid: boolean,
): readonly RenewalStep[] {
  if (tokens.refreshToken === undefined || (isSpecial(request) && !resourceIndicators)) return ["frame"];
  if (!isDoubtful) return ["refresh", "frame"];
  return isTokenValid ? ["frame"] : ["frame", "refresh"];
}

export const codeOf = (error: unknown): string | undefined => (error instanceof ExchangeError ? error.code : undefined);

/**
 * The session after a refresh token was sent and the refresh failed without a new one. If the grant has ended, or the tokens are
 * those of another user, the session loses its refresh token. If the provider refused the request (a 4xx), the refresh token is as
 * good as before. After anything else it may be used up: the response was lost, or it came from a gateway, which says nothing about
 * the provider behind it (a 5xx).
 */
export function failedRefresh(session: ClientSession, error: unknown): ClientSession {
  const { status = 0, claim } = ((error as Error).cause ?? {}) as { status?: number; claim?: string };
  if (codeOf(error) === "grant_ended" || claim === "sub") return { ...withoutRefreshToken(session), isDoubtful: false };
  return { ...session, isDoubtful: status < 400 || status >= 500 };
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
