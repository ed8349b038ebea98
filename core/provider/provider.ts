import type { Awaitable } from "../awaitable.js";
import { ExchangeError, exchangeErrorOf } from "../errors.js";
import { malformedResponse } from "../exchange/token-set.js";
import type { AuthorizationParameters, IdTokenClaims, RequestParameters, TokenResponse } from "../exchange/types.js";
import { audienceError } from "./audience.js";
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
  /** For functions that few apps import, such as `exchangeToken`. */
  readonly client: Client;
  metadata(): Promise<SignInMetadata>;
  /** The URL at which the browser signs in. If the provider takes pushed requests (RFC 9126), the URL has only a reference to one. */
  authorizationUrl(parameters: RequestParameters): Promise<string>;
  /** Redeems a code for tokens. */
  redeem(request: CodeRequest): Promise<TokenResponse>;
  /** The claims of the user whom the tokens belong to. Without an ID Token only for a client whose differences can do without. */
  verifyIdToken(tokens: { idToken?: string | undefined; accessToken: string }): Promise<IdTokenClaims>;
  /**
   * Spends a refresh token, or finds the result of another request that has spent it. The result also serves later requests with the
   * same refresh token. Call `release` once a response with the result was sent. `spent`: see `SharedResult`. With an `error`, the result
   * has a rotated refresh token and nothing else: the caller stores it before it reports the error.
   */
  refresh(
    request: RefreshRequest,
  ): Promise<
    RefreshResult &
      Pick<SharedResult<unknown>, "spent"> & { release(): void; readonly error?: ExchangeError | undefined }
  >;
  /** Claims of the userinfo endpoint, which must be about this subject (OpenID Connect Core 5.3.2). */
  userinfo(accessToken: string, subject: string): Promise<Readonly<Record<string, unknown>>>;
  /** Revokes a token (RFC 7009). Does nothing if the provider has no revocation endpoint. */
  revoke(token: string): Promise<void>;
  /** The URL at which the browser signs out; undefined if the provider has no such endpoint. */
  endSessionUrl(request: EndSessionRequest): Promise<string | undefined>;
}

/** One client of the provider: its settings, its network, and the parts in which a server and a page differ. */
export type Client = ProviderSettings & ProviderPlatform & Network;

/** `IdentifyUser`, whose public type does not show the client. */
export type IdentifyClientUser = (
  client: Client,
  tokens: { readonly idToken?: string | undefined; readonly accessToken: string },
) => Awaitable<IdTokenClaims>;

/** The claims of the user whom the tokens belong to. */
const identify = async (client: Client, tokens: { idToken?: string | undefined; accessToken: string }) =>
  ((client.differences?.identify ?? verifyIdToken) as IdentifyClientUser)(client, tokens);

/** Loads the key set, if it will verify an ID Token. */
const loadKeys = async (client: Client): Promise<unknown> => client.differences?.identify ?? fetchKeys(client);

/** The provider of a client. Public documents are cached in the process, by issuer. */
export const createProvider = (client: Client): Provider => ({ client, ...signInAt(client), ...sessionAt(client) });

/** What a sign-in needs of the provider. */
const signInAt = (client: Client) => ({
  async metadata(): Promise<SignInMetadata> {
    const { issuer, authorization_response_iss_parameter_supported: sendsIss } = await discover(client);
    return { issuer, issRequired: sendsIss === true };
  },

  async authorizationUrl(parameters: RequestParameters): Promise<string> {
    const { clientId: client_id } = client;
    const document = await discover(client);
    if (!document.pushed_authorization_request_endpoint)
      return browserUrl(document, "authorization_endpoint", parameters);
    // RFC 9126 2: the client sends the request to the provider; the browser carries a reference to it.
    const push = await prepareRequest(client, "pushed_authorization_request_endpoint");
    const { request_uri } = await push({ ...parameters, client_id });
    if (typeof request_uri !== "string") throw malformedResponse("request_uri");
    return browserUrl(document, "authorization_endpoint", { client_id, request_uri });
  },

  async redeem({ code, codeVerifier, redirectUri, audience }: CodeRequest): Promise<TokenResponse> {
    // The keys load while the code is redeemed. If that fails, `verifyIdToken` loads them again, and reports the error.
    const keys = loadKeys(client).catch(() => {});
    try {
      const send = await prepareRequest(client, "token_endpoint");
      const parameters = {
        grant_type: "authorization_code",
        code,
        code_verifier: client.differences?.takesPkce === false ? undefined : codeVerifier,
        redirect_uri: redirectUri,
        audience,
      };
      const tokens = await requestTokens(client, send, parameters, "code_rejected");
      if (!tokens.accessToken) throw malformedResponse(tokens.malformed);
      return tokens;
    } finally {
      // A runtime may cancel the fetches of a request that has ended, and other requests may wait for this one.
      await keys;
    }
  },

  verifyIdToken: (tokens: { idToken?: string | undefined; accessToken: string }) => identify(client, tokens),

  async userinfo(accessToken: string, subject: string): Promise<Readonly<Record<string, unknown>>> {
    const { href: endpoint } = endpointUrl(await discover(client), "userinfo_endpoint");
    const headers = { authorization: `Bearer ${accessToken}`, accept: "application/json" };
    const claims = await fetchJson(client, endpoint, { headers });
    if (claims["sub"] === subject) return claims;
    throw new ExchangeError("provider_invalid", { cause: { endpoint, claim: "sub" } });
  },
});

/** What a session needs of the provider: newer tokens, and its end. */
const sessionAt = (client: Client) => ({
  async refresh(request: RefreshRequest) {
    const { audience, scope, subject } = request;
    const { result, spent, hold } = await client.refreshOnce({
      ...request,
      async prepare() {
        // Without the keys a new ID Token could not be verified, and the refresh would be lost.
        await loadKeys(client);
        const send = await prepareRequest(client, "token_endpoint");
        return async (refreshToken) => {
          const parameters = { grant_type: "refresh_token", refresh_token: refreshToken, audience, scope };
          const tokens = await requestTokens(client, send, parameters, "grant_ended");
          return { ...tokens, refreshToken: tokens.refreshToken ?? refreshToken };
        };
      },
    });
    // Before anything that may fail: this process has the only copy of the new refresh token.
    const release = hold();
    const { idToken, accessToken, malformed } = result;
    let error = accessToken ? audienceError(accessToken, audience) : malformedResponse(malformed);
    const verify = () =>
      identify(client, { idToken, accessToken }).catch((thrown) => {
        error = exchangeErrorOf(thrown);
      });
    const claims = error || idToken === undefined ? undefined : await verify();
    // The tokens of another user must not get into this session.
    if (claims && claims.sub !== subject) throw new ExchangeError("id_token_invalid", { cause: { claim: "sub" } });
    return { ...result, accessToken: error ? "" : accessToken, spent, release, error };
  },

  async revoke(token: string): Promise<void> {
    const { revocation_endpoint: url } = await discover(client);
    if (!url) return;
    const send = await prepareRequest(client, "revocation_endpoint");
    await send({ token });
  },

  async endSessionUrl({ idToken, postLogoutRedirectUri, params }: EndSessionRequest): Promise<string | undefined> {
    const document = await discover(client);
    if (!document.end_session_endpoint) return undefined;
    const { clientId, differences } = client;
    const parameters = { client_id: clientId, post_logout_redirect_uri: postLogoutRedirectUri, id_token_hint: idToken };
    return browserUrl(document, "end_session_endpoint", {
      ...params,
      ...(differences?.endSessionParams?.(parameters) ?? parameters),
    });
  },
});

/** For pages, where one tab spends a refresh token at a time. */
export const spendAlways: ProviderPlatform["refreshOnce"] = async ({ refreshToken, prepare, beforeSend }) => {
  const spend = await prepare();
  await beforeSend?.();
  return { result: await spend(refreshToken), hold: () => () => {} };
};
