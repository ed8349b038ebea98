import { ExchangeError } from "../errors.js";
import type { TokenResponse } from "../exchange/types.js";
import { firstWrong, isText, type Members } from "./claims.js";

const isOptionalText = (value: unknown): value is string | undefined => value === undefined || isText(value);

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
  // Some providers write the number as text.
  const expiresIn = seconds === undefined ? undefined : Number(typeof seconds === "object" ? NaN : seconds);
  const member = firstWrong({
    access_token: isText(accessToken),
    // RFC 6749 7.1: the client must not use a token of a type that it does not know.
    token_type: isText(type) && /^bearer$/i.test(type),
    expires_in: expiresIn === undefined || (expiresIn >= 0 && expiresIn < Infinity),
    scope: scope === undefined || typeof scope === "string",
    refresh_token: isOptionalText(refreshToken),
    id_token: isOptionalText(idToken),
  });
  if (member) {
    throw new ExchangeError(member === "id_token" ? "id_token_invalid" : "provider_invalid", { cause: { member } });
  }
  return { accessToken, requestedAt, expiresIn, scope, idToken, refreshToken } as TokenResponse;
}
