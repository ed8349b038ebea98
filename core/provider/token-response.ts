import { ExchangeError, type ExchangeErrorCode } from "../errors.js";
import type { TokenResponse } from "../exchange/types.js";
import { isText, type Members } from "./claims.js";

/** @throws ExchangeError that names the member, unless it holds */
function check(holds: unknown, member: string, code: ExchangeErrorCode = "provider_invalid"): asserts holds {
  if (!holds) throw new ExchangeError(code, { cause: { member } });
}

/**
 * The tokens in a successful response of the token endpoint (RFC 6749 5.1, OpenID Connect Core 3.1.3.3). `requestedAt`:
 * milliseconds since the epoch.
 * @throws ExchangeError `provider_invalid` for a response that is malformed; `id_token_invalid` when only its ID Token is
 */
export function readTokenResponse(
  {
    access_token: accessToken,
    token_type: type,
    expires_in: seconds,
    scope,
    refresh_token: refreshToken,
    id_token: idToken,
  }: Members,
  requestedAt: number,
): TokenResponse {
  check(isText(accessToken), "access_token");
  // RFC 6749 7.1: the client must not use a token of a type that it does not know.
  check(/^bearer$/i.test(`${type}`), "token_type");
  // Some providers write the number as text.
  const expiresIn = seconds === undefined ? undefined : Number(seconds ?? NaN);
  check(expiresIn === undefined || (expiresIn >= 0 && expiresIn < Infinity), "expires_in");
  check(scope === undefined || typeof scope === "string", "scope");
  check(refreshToken === undefined || isText(refreshToken), "refresh_token");
  check(idToken === undefined || isText(idToken), "id_token", "id_token_invalid");
  return { accessToken, requestedAt, expiresIn, scope, idToken, refreshToken };
}
