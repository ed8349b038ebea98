import {
  authorizationCodeGrantRequest,
  processGenericTokenEndpointResponse,
  refreshTokenGrantRequest,
  validateAuthResponse,
} from "oauth4webapi";
import { ExchangeError } from "../errors.js";
import type { TokenResponse } from "../exchange/machine.js";
import { type Access, requestOptions } from "./discovery.js";
import { asExchangeError } from "./failures.js";

/** RFC 6749 4.1.3. `parameters` is the authorization response as it came. */
export function redeemCode(
  access: Access,
  input: { parameters: URLSearchParams; state: string; codeVerifier: string; redirectUri: string },
): Promise<TokenResponse> {
  const { parameters, state, codeVerifier, redirectUri } = input;
  const { as, client, auth, fetch } = access;
  const task = async () => {
    const checked = validateAuthResponse(as, client, parameters as never, state);
    const options = requestOptions(fetch, as.issuer);
    const response = await authorizationCodeGrantRequest(as, client, auth, checked, redirectUri, codeVerifier, options);
    return tokensOf(access, response as never);
  };
  return asExchangeError("provider_invalid", task, "code_rejected");
}

/** RFC 6749 6. */
export function useRefreshToken(
  access: Access,
  refreshToken: string,
  parameters: Record<string, string>,
): Promise<TokenResponse> {
  const { as, client, auth, fetch } = access;
  const task = async () => {
    const options = { ...requestOptions(fetch, as.issuer), additionalParameters: parameters };
    const response = await refreshTokenGrantRequest(as, client, auth, refreshToken, options);
    return tokensOf(access, response as never);
  };
  return asExchangeError("provider_invalid", task, "grant_ended");
}

/**
 * A token endpoint's answer. Its ID Token is taken out before the library sees it: that is `verifyIdToken`'s, a step of
 * its own with errors of its own.
 */
async function tokensOf({ as, client }: Access, response: Response): Promise<TokenResponse> {
  const { idToken, rest } = response.ok ? await withoutIdToken(response) : { idToken: undefined, rest: response };
  const tokens = await processGenericTokenEndpointResponse(as, client, rest as never);
  const { access_token: accessToken, expires_in: expiresIn, scope, refresh_token: refreshToken } = tokens;
  // RFC 6749 7.1: a token of a type that we do not know how to send is not used.
  if (tokens.token_type !== "bearer") throw new ExchangeError("provider_invalid", { cause: tokens.token_type });
  return { accessToken, expiresIn, scope, idToken, refreshToken };
}

async function withoutIdToken(response: Response): Promise<{ idToken: string | undefined; rest: Response }> {
  const { id_token: idToken, ...others } = (await response.json()) as Record<string, unknown>;
  if (idToken !== undefined && typeof idToken !== "string") throw new ExchangeError("id_token_invalid");
  return { idToken, rest: Response.json(others) };
}
