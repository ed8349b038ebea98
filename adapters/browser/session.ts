import { assess } from "../../core/exchange/token-life.js";
import {
  accessTokensOf,
  grantedScope,
  isSpecial,
  mergeTokens,
  type TokenRequest,
  type TokenSet,
  tokenSetOf,
} from "../../core/exchange/token-set.js";
import type { Authentication, TokenResponse } from "../../core/exchange/types.js";
import { userOf } from "../../core/exchange/user.js";
import type { ClientSession } from "./client-session.js";
import type { Settings } from "./settings.js";
import { signInStateOf } from "./sign-in.js";

/** Scope words that concern no API: a request that adds one of them needs no other access token. */
const PROTOCOL_SCOPES = ["openid", "offline_access"];

/** Whether one of the access tokens is valid. */
export const isUsable = (tokens: TokenSet, now: number): boolean =>
  accessTokensOf(tokens).some((token) => assess(token, {}, now, false).name === "fresh");

/** The session after a renewal. It keeps all tokens: memory has room for as many as an app requests. */
export const sessionAfterRefresh = (
  session: ClientSession,
  response: TokenResponse,
  tokenRequest: TokenRequest,
): ClientSession => ({
  ...session,
  isDoubtful: session.isDoubtful && response.refreshToken === undefined,
  tokens: mergeTokens(session.tokens, response, tokenRequest, Infinity),
});

/** The request, without its audience and scope if the client's own token fulfils them. */
export function normalizeRequest(
  { scope: configured, audiences }: Settings,
  tokens: TokenSet | undefined,
  { audience = audiences[0], scope, refresh }: TokenRequest,
): TokenRequest {
  const grantedWords = [...PROTOCOL_SCOPES, ...grantedScope(tokens ?? {}, configured).split(" ")];
  const isCovered = (scope ?? "").split(" ").every((word) => word === "" || grantedWords.includes(word));
  return audience === audiences[0] && isCovered ? { refresh } : { audience, scope, refresh };
}

/** The session after a sign-in. Tokens for other audiences stay if the user is the same. */
export function sessionAfter(
  settings: Settings,
  { claims, userinfo, tokens, transaction }: Authentication,
  previous: ClientSession | null,
): ClientSession {
  const { tokenRequest } = signInStateOf(transaction);
  const { scope = settings.scope, organization } = transaction;
  const current = previous?.user.sub === claims.sub ? previous : null;
  const user = userOf({ ...claims, ...userinfo }, claims.sub);
  if (!isSpecial(tokenRequest)) {
    return {
      user,
      scope,
      organization,
      tokens: { ...tokenSetOf(tokens), otherTokens: current?.tokens.otherTokens },
    };
  }
  // Without a current session: a new one without the client's own token, which the first request for it fetches.
  const base = current ?? {
    user,
    scope: settings.scope,
    organization,
    tokens: { accessToken: "", expiresAt: 0 },
  };
  const response = settings.resourceIndicators ? tokens : { ...tokens, refreshToken: undefined };
  return sessionAfterRefresh(base, response, tokenRequest);
}
