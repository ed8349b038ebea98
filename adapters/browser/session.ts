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
import type { TokenResponse } from "../../core/exchange/types.js";
import { userOf } from "../../core/exchange/user.js";
import type { ClientSession } from "./client-session.js";
import type { Settings } from "./settings.js";
import type { SignInResult } from "./sign-in.js";

/** In every access token, or none: no reason to ask for another one. */
const NOT_OF_APIS = ["openid", "offline_access"];

/** Whether one of the tokens still serves. */
export const isUsable = (tokens: TokenSet, now: number): boolean =>
  accessTokensOf(tokens).some((token) => assess(token, {}, now, false).name === "fresh");

/** The session with what a renewal brought. In memory there is room for as many tokens as an app asks for. */
export const renewedBy = (
  session: ClientSession,
  response: TokenResponse,
  tokenRequest: TokenRequest,
): ClientSession => ({
  ...session,
  tokens: mergeTokens(session.tokens, response, tokenRequest, Infinity),
});

/** A request without what the client's own token fulfils. */
export function normalizeRequest(
  { scope: configured, audiences }: Settings,
  tokens: TokenSet | undefined,
  { audience = audiences[0], scope, refresh }: TokenRequest,
): TokenRequest {
  const granted = [...NOT_OF_APIS, ...grantedScope(tokens ?? {}, configured).split(" ")];
  const isCovered = (scope ?? "").split(" ").every((word) => word === "" || granted.includes(word));
  return audience === audiences[0] && isCovered ? { refresh } : { audience, scope, refresh };
}

/** The session after a sign-in, of the same person as before or of another. */
export function sessionAfter(
  { resourceIndicators, scope: configured }: Settings,
  { claims, tokens: { refreshToken, ...response }, tokenRequest, scope, organization }: SignInResult,
  previous: ClientSession | null,
): ClientSession {
  const known = previous?.user.sub === claims.sub ? previous : null;
  const user = userOf(claims, claims.sub);
  if (!isSpecial(tokenRequest)) {
    const tokens = { ...tokenSetOf({ ...response, refreshToken }), otherTokens: known?.tokens.otherTokens };
    return { user, scope, organization, tokens };
  }
  // Without a token of the client's own: that one is asked for when it is needed.
  const base = known ?? { user, scope: configured, organization, tokens: { accessToken: "", expiresAt: 0 } };
  return renewedBy(base, resourceIndicators ? { ...response, refreshToken } : response, tokenRequest);
}
