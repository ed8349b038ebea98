import { ExchangeError } from "../errors.js";
import { failure } from "../events.js";
import type { Observer } from "./drive.js";
import type { TokenResponse } from "./types.js";

/** An access token that the provider issued to this client. */
export interface AccessToken {
  readonly accessToken: string;
  /** Milliseconds since the epoch; absent when the provider did not say. */
  readonly expiresAt?: number;
  /** When to renew a token that lives less than five minutes. Others are due a minute before `expiresAt`. */
  readonly dueAt?: number;
  readonly scope?: string;
  readonly audience?: string;
}

/** The tokens of one session. */
export interface TokenSet extends AccessToken {
  readonly idToken?: string;
  readonly refreshToken?: string;
  /** Tokens for other audiences or scopes, newest first. */
  readonly otherTokens?: readonly AccessToken[];
}

/** Which access token of a session an app needs. */
export interface TokenRequest {
  /** @default the audience of the sign-in */
  readonly audience?: string;
  /** @default the scope of the sign-in */
  readonly scope?: string;
  /** Renew the token even if it is fresh. @default false */
  readonly refresh?: boolean;
}

/** Seconds; tokens that live shorter are renewed after four fifths of their life. */
const SHORT_LIVED = 300;

/** The token set of a response. A token's life counts from when the request was sent: the response may have taken long, or be shared. */
export function tokenSetOf({ requestedAt, expiresIn, malformed: _, ...tokens }: TokenResponse): TokenSet {
  if (expiresIn === undefined) return tokens;
  const dueAt = expiresIn < SHORT_LIVED ? requestedAt + expiresIn * 800 : undefined;
  return { ...tokens, expiresAt: requestedAt + expiresIn * 1000, dueAt };
}

/** The error of a response of the provider with this malformed member. */
export const malformedResponse = (member: string | undefined): ExchangeError =>
  new ExchangeError("provider_invalid", { cause: { member } });

/** Reports a malformed member of a token response, once what the response brought is stored. */
export function reportMalformed({ malformed }: Pick<TokenResponse, "malformed">, emit: Observer["emit"]): void {
  if (malformed) emit(failure(malformedResponse(malformed)));
}

/** RFC 6749 5.1: a response without a scope grants the scope that was requested. */
export const grantedScope = ({ scope }: { readonly scope?: string }, requested: string): string => scope ?? requested;

/** Whether a request names an audience or a scope, and so asks for another token than that of the sign-in. */
export const isSpecial = ({ audience, scope }: TokenRequest): boolean => (audience ?? scope) !== undefined;

/** All access tokens of a set. */
export const accessTokensOf = (tokens: TokenSet): readonly AccessToken[] => [tokens, ...(tokens.otherTokens ?? [])];

/** The token of a set that fits a request, whatever its age. */
export function findToken(tokens: TokenSet, request: TokenRequest): AccessToken | undefined {
  if (!isSpecial(request)) return tokens;
  const { audience, scope } = request;
  return tokens.otherTokens?.find((other) => other.audience === audience && (scope ?? other.scope) === other.scope);
}

/**
 * The set after a refresh. Tokens that the provider did not renew stay. A token for another audience or scope joins the other tokens,
 * of which the newest `maxOthers` stay.
 * @param spent the refresh tokens that led to the response; if `previous` has none of them, another refresh has written a newer one
 */
export function mergeTokens(
  previous: TokenSet,
  response: TokenResponse,
  request: TokenRequest,
  maxOthers = 3,
  spent?: readonly string[],
): TokenSet {
  const { idToken = previous.idToken, refreshToken: next = previous.refreshToken, ...token } = tokenSetOf(response);
  const { otherTokens = [] } = previous;
  const refreshToken = spent && !spent.includes(`${previous.refreshToken}`) ? previous.refreshToken : next;
  // The response brought nothing else that is of use.
  if (!token.accessToken) return { ...previous, refreshToken };
  if (!isSpecial(request)) return { ...token, idToken, refreshToken, otherTokens: previous.otherTokens };
  const { audience, scope = token.scope } = request;
  // Filed under the words of the request, not of the response: the next request has the same words.
  const other: AccessToken = { ...token, audience, scope };
  const others = otherTokens.filter((each) => each.audience !== audience || each.scope !== scope);
  return { ...previous, idToken, refreshToken, otherTokens: [other, ...others].slice(0, maxOthers) };
}
