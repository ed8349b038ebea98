import type { ExchangeErrorCode } from "../errors.js";
import type { RequestParameters, TokenResponse } from "../exchange/types.js";
import type { PreparedRequest } from "./endpoint.js";
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
  /** For pages: called when all is ready, before the refresh token is sent. If it throws, the token is not sent. */
  beforeSend?(): Promise<void>;
}

/**
 * The tokens of a refresh, with the refresh token to keep: the new one, or the same where the provider does not rotate. Without a usable
 * access token, `accessToken` is empty.
 */
export type RefreshResult = TokenResponse & { readonly refreshToken: string };

/**
 * Sends a prepared request to the token endpoint. `onInvalidGrant`: the error code for a grant that the provider refuses.
 * @throws ExchangeError
 */
export async function requestTokens(
  { now, resourceIndicators, audience: audiences, differences }: Network & ProviderSettings,
  send: PreparedRequest,
  { audience, ...parameters }: RequestParameters,
  onInvalidGrant: ExchangeErrorCode,
): Promise<TokenResponse> {
  const requestedAt = now();
  // RFC 8707 2.2: a token for one of the resources that the sign-in named.
  const named = resourceIndicators ? { resource: audience ?? [audiences].flat()[0] } : { audience };
  const sent = { ...differences?.tokenParams, ...parameters, ...named };
  return readTokenResponse(await send(sent, onInvalidGrant), requestedAt);
}
