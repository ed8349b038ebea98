import type { ExchangeErrorCode } from "../errors.js";
import type { TokenResponse } from "../exchange/types.js";
import type { Parameters, PreparedRequest } from "./endpoint.js";
import type { Network } from "./network.js";
import type { ProviderSettings } from "./settings.js";
import { readTokenResponse } from "./token-response.js";

/** A code to redeem (RFC 6749 4.1.3, RFC 7636 4.5). */
export interface CodeRequest {
  readonly code: string;
  readonly codeVerifier: string;
  readonly redirectUri: string;
  /** Which of the requested audiences, where the sign-in requested several (RFC 8707 2.2). */
  readonly audience?: string | undefined;
}

/** A refresh token to spend (RFC 6749 6). */
export interface RefreshRequest {
  readonly refreshToken: string;
  /** The user of the session: a new ID Token must have the same subject (OpenID Connect Core 12.2). */
  readonly subject: string;
  /** Access tokens that the session has already, and wants replaced. */
  readonly currentAccessTokens: readonly string[];
  readonly audience?: string | undefined;
  readonly scope?: string | undefined;
}

/** The tokens of a refresh. */
export interface RefreshResult {
  readonly response: TokenResponse;
  /** The refresh token to keep: the new one, or the same where the provider does not rotate. */
  readonly refreshToken: string;
}

/** Sends a prepared request to the token endpoint, with a grant. */
async function requestTokens(
  network: Network,
  prepared: PreparedRequest,
  parameters: Parameters,
  onInvalidGrant: ExchangeErrorCode,
): Promise<TokenResponse> {
  const requestedAt = network.now();
  return readTokenResponse(await prepared(parameters, onInvalidGrant), requestedAt);
}

const audienceParameter = ({ resourceIndicators }: ProviderSettings, audience: string | undefined): Parameters =>
  resourceIndicators ? { resource: audience } : { audience };

/** Redeems a code. @throws ExchangeError, `code_rejected` when the provider refuses the code */
export function redeemCode(
  network: Network,
  settings: ProviderSettings,
  prepared: PreparedRequest,
  { code, codeVerifier, redirectUri, audience }: CodeRequest,
): Promise<TokenResponse> {
  const parameters = {
    grant_type: "authorization_code",
    code,
    code_verifier: codeVerifier,
    redirect_uri: redirectUri,
    ...audienceParameter(settings, audience),
  };
  return requestTokens(network, prepared, parameters, "code_rejected");
}

/** Spends a refresh token. @throws ExchangeError, `grant_ended` when the provider refuses the refresh token */
export async function spendRefreshToken(
  network: Network,
  settings: ProviderSettings,
  prepared: PreparedRequest,
  { refreshToken, audience, scope }: Pick<RefreshRequest, "refreshToken" | "audience" | "scope">,
): Promise<RefreshResult> {
  const parameters = {
    grant_type: "refresh_token",
    refresh_token: refreshToken,
    ...audienceParameter(settings, audience),
    scope,
  };
  const response = await requestTokens(network, prepared, parameters, "grant_ended");
  return { response, refreshToken: response.refreshToken ?? refreshToken };
}
