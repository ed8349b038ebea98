import { processGenericTokenEndpointResponse } from "oauth4webapi";
import { ExchangeError, type ExchangeErrorCode } from "../errors.js";
import type { TokenResponse } from "../exchange/machine.js";
import type { Access } from "./discovery.js";
import { answerOf, asExchangeError } from "./failures.js";

/**
 * What an endpoint answers to a form posted as this client (RFC 6749 2.3).
 * @throws ExchangeError `onInvalidGrant` where that is what it says
 */
export function post(
  { as, client, auth, fetch }: Access,
  endpoint: unknown,
  parameters: Readonly<Record<string, string>>,
  onInvalidGrant?: ExchangeErrorCode,
): Promise<Readonly<Record<string, unknown>>> {
  return asExchangeError("provider_invalid", async () => {
    const body = new URLSearchParams(parameters);
    const headers = new Headers({ accept: "application/json" });
    await auth(as, client, body as never, headers as never);
    return answerOf(await fetch(`${endpoint}`, { method: "POST", headers, body }), onInvalidGrant);
  });
}

/**
 * Tokens for a grant (RFC 6749 4.1.3, 6). The ID Token is taken out before the library sees the answer: that is
 * `verifyIdToken`'s, a step of its own with errors of its own.
 */
export async function requestTokens(
  access: Access,
  parameters: Readonly<Record<string, string>>,
  onInvalidGrant: ExchangeErrorCode,
): Promise<TokenResponse> {
  const { as, client } = access;
  const { id_token: idToken, ...others } = await post(access, as.token_endpoint, parameters, onInvalidGrant);
  if (idToken !== undefined && typeof idToken !== "string") throw new ExchangeError("id_token_invalid");
  return asExchangeError("provider_invalid", async () => {
    const tokens = await processGenericTokenEndpointResponse(as, client, Response.json(others) as never);
    // RFC 6749 7.1: a token of a type that we do not know how to send is not used.
    if (tokens.token_type !== "bearer") throw new ExchangeError("provider_invalid", { cause: tokens.token_type });
    const { access_token: accessToken, expires_in: expiresIn, scope, refresh_token: refreshToken } = tokens;
    return { accessToken, expiresIn, scope, idToken, refreshToken };
  });
}
