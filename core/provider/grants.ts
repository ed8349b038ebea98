import {
  type AuthorizationServer,
  authorizationCodeGrantRequest,
  type Client,
  type ClientAuth,
  processAuthorizationCodeResponse,
  processRefreshTokenResponse,
  refreshTokenGrantRequest,
  type TokenEndpointResponse,
  validateAuthResponse,
} from "oauth4webapi";
import { ExchangeError } from "../errors.js";
import type { TokenResponse } from "../exchange/machine.js";
import { requestOptions } from "./discovery.js";
import { asExchangeError } from "./failures.js";
import type { BoundedFetch } from "./transport.js";

/** What every request to a provider's endpoints needs. */
export interface Access {
  readonly as: AuthorizationServer;
  readonly client: Client;
  readonly auth: ClientAuth;
  readonly fetch: BoundedFetch;
}

/** RFC 6749 4.1.3. `parameters` is the authorization response as it came. */
export function redeemCode(
  { as, client, auth, fetch }: Access,
  input: { parameters: URLSearchParams; state: string; codeVerifier: string; redirectUri: string },
): Promise<TokenResponse> {
  const { parameters, state, codeVerifier, redirectUri } = input;
  const task = async () => {
    const checked = validateAuthResponse(as, client, parameters as never, state);
    const options = requestOptions(fetch, as.issuer);
    const response = await authorizationCodeGrantRequest(as, client, auth, checked, redirectUri, codeVerifier, options);
    return tokensOf(response as never, (rest) => processAuthorizationCodeResponse(as, client, rest as never));
  };
  return asExchangeError("provider_invalid", task, "code_rejected");
}

/** RFC 6749 6. */
export function useRefreshToken(
  { as, client, auth, fetch }: Access,
  refreshToken: string,
  parameters: Record<string, string>,
): Promise<TokenResponse> {
  const task = async () => {
    const options = { ...requestOptions(fetch, as.issuer), additionalParameters: parameters };
    const response = await refreshTokenGrantRequest(as, client, auth, refreshToken, options);
    return tokensOf(response as never, (rest) => processRefreshTokenResponse(as, client, rest as never));
  };
  return asExchangeError("provider_invalid", task, "grant_ended");
}

/**
 * A token endpoint's answer. Its ID Token is taken out before the library sees it: the library would judge its times by
 * the real clock and take its signature on trust; it is verified by `verifyIdToken` instead.
 */
async function tokensOf(
  response: Response,
  process: (rest: Response) => Promise<TokenEndpointResponse>,
): Promise<TokenResponse> {
  const { idToken, rest } = response.ok ? await withoutIdToken(response) : { idToken: undefined, rest: response };
  const { access_token, expires_in, scope, refresh_token, token_type } = await process(rest);
  // RFC 6749 7.1: a token of a type that we do not know how to send is not used.
  if (token_type !== "bearer") throw new ExchangeError("provider_invalid", { cause: { token_type } });
  return {
    accessToken: access_token,
    ...(expires_in === undefined ? {} : { expiresIn: expires_in }),
    ...(scope === undefined ? {} : { scope }),
    ...(refresh_token === undefined ? {} : { refreshToken: refresh_token }),
    ...(idToken === undefined ? {} : { idToken }),
  };
}

async function withoutIdToken(response: Response): Promise<{ idToken: string | undefined; rest: Response }> {
  const { id_token: idToken, ...others } = (await response.json()) as Record<string, unknown>;
  if (idToken !== undefined && typeof idToken !== "string") throw new ExchangeError("id_token_invalid");
  const { status, headers } = response;
  return { idToken, rest: new Response(JSON.stringify(others), { status, headers }) };
}
