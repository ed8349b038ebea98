import { ExchangeError } from "../errors.js";
import type { AuthorizationParameters, IdTokenClaims, RequestParameters, TokenResponse } from "../exchange/types.js";
import { discover } from "./discovery.js";
import { type AuthenticateClient, browserUrl, endpointUrl, prepareRequest } from "./endpoint.js";
import { verifyIdToken } from "./id-token.js";
import { fetchKeys, type VerifyJws } from "./keys.js";
import type { Network } from "./network.js";
import type { SharedResult } from "./refresher.js";
import { fetchJson } from "./response.js";
import type { ProviderSettings } from "./settings.js";
import { type CodeRequest, type RefreshRequest, type RefreshResult, requestTokens } from "./token-endpoint.js";

/*
 * Theory of operation. This room is the client's view of one OpenID Provider. It holds no session and no state of a sign-in: each
 * method is one operation at the provider.
 * - Requests go through `Network`, which limits their time and size. Every failure is an ExchangeError.
 * - The discovery document and the key set are public. They are cached in the process, and requests share a load (`cachedDocument`).
 * - A code and a refresh token can be spent once. The discovery document and the client's authentication are ready before they are
 *   sent, and for a refresh token the key set. For a code the key set loads beside the request; if that fails, `verifyIdToken` loads
 *   it again.
 * - Several requests may have one refresh token. On a server `refreshOnce` lets one of them spend it.
 */

/** The parts in which a server and a page differ. */
export interface ProviderPlatform {
  readonly authenticate: AuthenticateClient;
  readonly verifyJws: VerifyJws;
  /** Spends a refresh token, or finds the result of another request that has spent it. */
  readonly refreshOnce: (refresh: PreparableRefresh) => Promise<SharedResult<RefreshResult>>;
}

/** A refresh in two steps. */
interface PreparableRefresh extends RefreshRequest {
  /** Does all that must be done before the refresh token may be spent. The function that it returns sends the token request at once. */
  prepare(): Promise<(refreshToken: string) => Promise<RefreshResult>>;
}

/** The members of the discovery document that a sign-in needs. */
interface SignInMetadata {
  readonly issuer: string;
  /** The provider sends `iss` with its authorization responses (RFC 9207 3). */
  readonly issRequired: boolean;
}

/** A session to end at the provider (RP-Initiated Logout 2). */
interface EndSessionRequest {
  /** The ID Token of the session: the hint, `id_token_hint`. */
  readonly idToken?: string | undefined;
  readonly postLogoutRedirectUri: string;
  /** Further parameters, such as Auth0's `federated`. */
  readonly params?: AuthorizationParameters | undefined;
}

/** The OpenID Provider as the client sees it. Every failure is an ExchangeError. */
export interface Provider {
  metadata(): Promise<SignInMetadata>;
  /** The URL at which the browser signs in. If the provider takes pushed requests (RFC 9126), the URL has only a reference to one. */
  authorizationUrl(parameters: RequestParameters): Promise<string>;
  /** Redeems a code for tokens. */
  redeem(request: CodeRequest): Promise<TokenResponse>;
  verifyIdToken(tokens: { idToken: string; accessToken: string }): Promise<IdTokenClaims>;
  /**
   * Spends a refresh token, or finds the result of another request that has spent it. The result also serves later requests with the
   * same refresh token. Call `release` once a response with the result was sent. `spent`: see `SharedResult`.
   */
  refresh(request: RefreshRequest): Promise<RefreshResult & Pick<SharedResult<unknown>, "spent"> & { release(): void }>;
  /** Claims of the userinfo endpoint, which must be about this subject (OpenID Connect Core 5.3.2). */
  userinfo(accessToken: string, subject: string): Promise<Readonly<Record<string, unknown>>>;
  /** Revokes a token (RFC 7009). Does nothing if the provider has no revocation endpoint. */
  revoke(token: string): Promise<void>;
  /** The URL at which the browser signs out; undefined if the provider has no such endpoint. */
  endSessionUrl(request: EndSessionRequest): Promise<string | undefined>;
}

/** One client of the provider: its settings, its network, and the parts in which a server and a page differ. */
export type Client = ProviderSettings & ProviderPlatform & Network;

/** The provider of a client. Public documents are cached in the process, by issuer. */
export const createProvider = (client: Client): Provider => new NetworkProvider(client);

class NetworkProvider implements Provider {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  async metadata() {
    const { issuer, authorization_response_iss_parameter_supported: sendsIss } = await discover(this.#client);
    return { issuer, issRequired: sendsIss === true };
  }

  async authorizationUrl(parameters: RequestParameters) {
    const { clientId: client_id } = this.#client;
    const document = await discover(this.#client);
    if (!document.pushed_authorization_request_endpoint)
      return browserUrl(document, "authorization_endpoint", parameters);
    // RFC 9126 2: the client sends the request to the provider; the browser carries a reference to it.
    const push = await prepareRequest(this.#client, "pushed_authorization_request_endpoint");
    const { request_uri } = await push({ ...parameters, client_id });
    if (typeof request_uri !== "string") {
      throw new ExchangeError("provider_invalid", { cause: { member: "request_uri" } });
    }
    return browserUrl(document, "authorization_endpoint", { client_id, request_uri });
  }

  async redeem({ code, codeVerifier, redirectUri, audience }: CodeRequest) {
    // The keys load while the code is redeemed. If that fails, `verifyIdToken` loads them again, and reports the error.
    const keys = fetchKeys(this.#client).catch(() => {});
    try {
      const send = await prepareRequest(this.#client, "token_endpoint");
      const parameters = {
        grant_type: "authorization_code",
        code,
        code_verifier: codeVerifier,
        redirect_uri: redirectUri,
        audience,
      };
      return await requestTokens(this.#client, send, parameters, "code_rejected");
    } finally {
      // A runtime may cancel the fetches of a request that has ended, and other requests may wait for this one.
      await keys;
    }
  }

  verifyIdToken(tokens: { idToken: string; accessToken: string }) {
    return verifyIdToken(this.#client, tokens);
  }

  async refresh(request: RefreshRequest) {
    const client = this.#client;
    const { audience, scope, subject } = request;
    const { result, spent, hold } = await client.refreshOnce({
      ...request,
      async prepare() {
        // Without the keys a new ID Token could not be verified, and the refresh would be lost.
        await fetchKeys(client);
        const send = await prepareRequest(client, "token_endpoint");
        return async (refreshToken) => {
          const parameters = { grant_type: "refresh_token", refresh_token: refreshToken, audience, scope };
          const tokens = await requestTokens(client, send, parameters, "grant_ended", request.onRefreshToken);
          return { ...tokens, refreshToken: tokens.refreshToken ?? refreshToken };
        };
      },
    });
    // Before anything that may fail: this process has the only copy of the new refresh token.
    const release = hold();
    const { idToken, accessToken } = result;
    if (idToken !== undefined && (await this.verifyIdToken({ idToken, accessToken })).sub !== subject) {
      throw new ExchangeError("id_token_invalid", { cause: { claim: "sub" } });
    }
    return { ...result, spent, release };
  }

  async userinfo(accessToken: string, subject: string) {
    const { href: endpoint } = endpointUrl(await discover(this.#client), "userinfo_endpoint");
    const headers = { authorization: `Bearer ${accessToken}`, accept: "application/json" };
    const claims = await fetchJson(this.#client, endpoint, { headers });
    if (claims["sub"] === subject) return claims;
    throw new ExchangeError("provider_invalid", { cause: { endpoint, claim: "sub" } });
  }

  async revoke(token: string) {
    const { revocation_endpoint: url } = await discover(this.#client);
    if (!url) return;
    const send = await prepareRequest(this.#client, "revocation_endpoint");
    await send({ token });
  }

  async endSessionUrl({ idToken, postLogoutRedirectUri, params }: EndSessionRequest) {
    const document = await discover(this.#client);
    if (!document.end_session_endpoint) return undefined;
    return browserUrl(document, "end_session_endpoint", {
      ...params,
      client_id: this.#client.clientId,
      post_logout_redirect_uri: postLogoutRedirectUri,
      id_token_hint: idToken,
    });
  }
}

/** For pages, where one tab spends a refresh token at a time. */
export const spendAlways: ProviderPlatform["refreshOnce"] = async ({ refreshToken, prepare, beforeSend }) => {
  const spend = await prepare();
  await beforeSend?.();
  return { result: await spend(refreshToken), hold: () => () => {} };
};
