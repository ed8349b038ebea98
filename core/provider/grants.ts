import { ExchangeError, type ExchangeErrorCode } from "../errors.js";
import type { TokenResponse } from "../exchange/machine.js";

type Members = Readonly<Record<string, unknown>>;

const isText = (value: unknown): value is string => typeof value === "string" && value !== "";

function check(holds: unknown, member: string, code: ExchangeErrorCode = "provider_invalid"): asserts holds {
  if (!holds) throw new ExchangeError(code, { cause: { member } });
}

/**
 * The tokens in a token endpoint's answer to a request of that time (RFC 6749 5.1, OpenID Connect Core 3.1.3.3).
 * @throws ExchangeError `provider_invalid` for what is none; a bad ID Token is `id_token_invalid`
 */
export function tokensOf(
  {
    access_token: accessToken,
    token_type: type,
    expires_in: lifetime,
    scope,
    refresh_token: refreshToken,
    id_token: idToken,
  }: Members,
  requestedAt: number,
): TokenResponse {
  check(isText(accessToken), "access_token");
  // RFC 6749 7.1: a token of a type that we do not know how to send is not used.
  check(/^bearer$/i.test(`${type}`), "token_type");
  // Some write the number as text.
  const expiresIn = lifetime === undefined ? undefined : Number(lifetime ?? NaN);
  check(expiresIn === undefined || (expiresIn >= 0 && expiresIn < Infinity), "expires_in");
  check(scope === undefined || typeof scope === "string", "scope");
  check(refreshToken === undefined || isText(refreshToken), "refresh_token");
  check(idToken === undefined || isText(idToken), "id_token", "id_token_invalid");
  return { accessToken, requestedAt, expiresIn, scope, idToken, refreshToken };
}
