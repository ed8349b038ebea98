import { ExchangeError } from "../errors.js";
import type { AuthorizationParameters, IdTokenClaims, TokenResponse } from "../exchange/types.js";
import type { Ports } from "../ports.js";
import { type DiscoveryDocument, discover } from "./discovery.js";
import {
  type AuthenticateClient,
  browserUrl,
  type EndpointName,
  endpointUrl,
  type PreparedRequest,
  prepareRequest,
} from "./endpoint.js";
import { verifyIdToken } from "./id-token.js";
import { fetchKeys, type VerifyJws } from "./keys.js";
import { createNetwork, type Network } from "./network.js";
import type { SharedResult } from "./refresher.js";
import { readResponse } from "./response.js";
import type { ProviderSettings } from "./settings.js";
import { type Patience, patienceOf } from "./shared-work.js";
import {
  type CodeRequest,
  type RefreshRequest,
  type RefreshResult,
  redeemCode,
  spendRefreshToken,
} from "./token-endpoint.js";

/*
 * Theory of operation. This room is the client's view of one OpenID Provider. It holds no session and no state of a sign-in: each
 * method is one request to the provider, or one URL for the browser.
 * - Requests go through `Network`, which limits their time and size. Every failure is an ExchangeError.
 * - The discovery document and the key set are public. They are cached in the process, and requests share a load (`cachedDocument`).
 * - A code and a refresh token can be spent once. Whatever can fail without spending them is done before (`prepare`): the discovery
 *   document, the key set and the client's authentication. The request that spends them is sent last.
 * - A refresh token may be in several requests at once. On a server `refreshOnce` lets one of them spend it.
 */

/** What differs between a server and a page. */
export interface ProviderPlatform {
  readonly authenticate: AuthenticateClient;
  readonly verifyJws: VerifyJws;
  /** Spends a refresh token, or finds what another request got for the same one. @default always spends the token */
  readonly refreshOnce?: (refresh: PreparableRefresh) => Promise<SharedResult<RefreshResult>>;
}

/** A refresh in two steps. */
interface PreparableRefresh {
  readonly request: RefreshRequest;
  /** Does all that must be done before the refresh token may be spent. */
  prepare(): Promise<PreparedRequest>;
  /** Sends the token request at once. */
  spend(refreshToken: string, prepared: PreparedRequest): Promise<RefreshResult>;
}

/** What a sign-in needs of the discovery document. */
interface SignInMetadata {
  readonly issuer: string;
  /** The provider sends `iss` with its authorization responses (RFC 9207 3). */
  readonly issRequired: boolean;
}

/** A session to end at the provider (RP-Initiated Logout 2). */
interface EndSessionRequest {
  readonly idTokenHint?: string | undefined;
  readonly postLogoutRedirectUri: string;
  /** Further parameters, such as Auth0's `federated`. */
  readonly params?: AuthorizationParameters | undefined;
}

/** The OpenID Provider as the client sees it. Every failure is an ExchangeError. */
export interface Provider {
  metadata(): Promise<SignInMetadata>;
  /** Where to send the browser to sign in. Where the provider takes pushed requests (RFC 9126), the URL holds a reference alone. */
  authorizationUrl(parameters: AuthorizationParameters): Promise<string>;
  /** Redeems a code for tokens. */
  redeem(request: CodeRequest): Promise<TokenResponse>;
  verifyIdToken(tokens: { idToken: string; accessToken: string }): Promise<IdTokenClaims>;
  /**
   * Spends a refresh token. The result serves other requests that have the same refresh token; `release` tells that a response
   * with the result was sent to the browser.
   */
  refresh(request: RefreshRequest): Promise<RefreshResult & { release(): void }>;
  /** Claims of the userinfo endpoint, which must be about this subject (OpenID Connect Core 5.3.2). */
  userinfo(accessToken: string, subject: string): Promise<Readonly<Record<string, unknown>>>;
  /** Revokes a token (RFC 7009). Does nothing where the provider has no revocation endpoint. */
  revoke(token: string): Promise<void>;
  /** Where to send the browser to sign out; undefined where the provider has no such endpoint. */
  endSessionUrl(request: EndSessionRequest): Promise<string | undefined>;
}

/** The provider of these settings. Public documents are cached in the process, by issuer. */
export function createProvider(settings: ProviderSettings, ports: Ports, platform: ProviderPlatform): Provider {
  return new NetworkProvider(settings, createNetwork(settings, ports), platform);
}

class NetworkProvider implements Provider {
  readonly #settings: ProviderSettings;
  readonly #network: Network;
  readonly #platform: ProviderPlatform;

  constructor(settings: ProviderSettings, network: Network, platform: ProviderPlatform) {
    this.#settings = settings;
    this.#network = network;
    this.#platform = platform;
  }

  async metadata() {
    const { issuer, authorization_response_iss_parameter_supported: sendsIss } = await this.#discover();
    return { issuer, issRequired: sendsIss === true };
  }

  async authorizationUrl(parameters: AuthorizationParameters) {
    const { clientId: client_id } = this.#settings;
    const document = await this.#discover();
    if (!document.pushed_authorization_request_endpoint)
      return browserUrl(document, "authorization_endpoint", parameters);
    // RFC 9126 2: the client sends the request to the provider; the browser carries a reference to it.
    const push = await this.#prepare("pushed_authorization_request_endpoint");
    const { request_uri } = await push({ ...parameters, client_id });
    if (typeof request_uri !== "string") {
      throw new ExchangeError("provider_invalid", { cause: { member: "request_uri" } });
    }
    return browserUrl(document, "authorization_endpoint", { client_id, request_uri });
  }

  async redeem(request: CodeRequest) {
    // Fetched beside the exchange, to be there when the ID Token is verified, which reports the failure of this load.
    const keys = this.#fetchKeys().catch(() => {});
    try {
      return await redeemCode(this.#network, this.#settings, await this.#prepare("token_endpoint"), request);
    } finally {
      // On some runtimes a request that ends before its fetch cancels it, and other requests would wait for that load in vain.
      await keys;
    }
  }

  async verifyIdToken(tokens: { idToken: string; accessToken: string }) {
    const patience = this.#patience();
    const keysUrl = await this.#keysUrl(patience);
    const unverified = { ...tokens, keysUrl, verifyJws: this.#platform.verifyJws };
    return verifyIdToken(this.#network, this.#settings, unverified, patience);
  }

  async refresh(request: RefreshRequest) {
    const { audience, scope } = request;
    const { refreshOnce = spendAlways } = this.#platform;
    const { result, hold } = await refreshOnce({
      request,
      prepare: async () => {
        // Without the keys a new ID Token could not be verified, and the refresh would be lost.
        await this.#fetchKeys();
        return this.#prepare("token_endpoint");
      },
      spend: (refreshToken, prepared) =>
        spendRefreshToken(this.#network, this.#settings, prepared, { refreshToken, audience, scope }),
    });
    // Before anything that may fail: this process has the only copy of the new refresh token.
    const release = hold();
    const { idToken, accessToken } = result.response;
    if (idToken !== undefined && (await this.verifyIdToken({ idToken, accessToken })).sub !== request.subject) {
      throw new ExchangeError("id_token_invalid", { cause: { claim: "sub" } });
    }
    return { ...result, release };
  }

  async userinfo(accessToken: string, subject: string) {
    const { href: endpoint } = endpointUrl(await this.#discover(), "userinfo_endpoint");
    const headers = { authorization: `Bearer ${accessToken}`, accept: "application/json" };
    const response = await this.#network.fetch(endpoint, { headers });
    const claims = await readResponse(response, { endpoint, secrets: [accessToken] });
    if (claims["sub"] === subject) return claims;
    throw new ExchangeError("provider_invalid", { cause: { endpoint, claim: "sub" } });
  }

  async revoke(token: string) {
    const { revocation_endpoint: isOffered } = await this.#discover();
    if (!isOffered) return;
    const send = await this.#prepare("revocation_endpoint");
    await send({ token });
  }

  async endSessionUrl({ idTokenHint, postLogoutRedirectUri, params }: EndSessionRequest) {
    const document = await this.#discover();
    if (!document.end_session_endpoint) return undefined;
    return browserUrl(document, "end_session_endpoint", {
      ...params,
      client_id: this.#settings.clientId,
      post_logout_redirect_uri: postLogoutRedirectUri,
      id_token_hint: idTokenHint,
    });
  }

  /** How long one operation waits for loads of other requests. */
  #patience(): Patience {
    return patienceOf(this.#network.timeout);
  }

  #discover(patience?: Patience): Promise<DiscoveryDocument> {
    return discover(this.#network, patience);
  }

  async #keysUrl(patience: Patience): Promise<string> {
    return endpointUrl(await this.#discover(patience), "jwks_uri").href;
  }

  async #fetchKeys() {
    const patience = this.#patience();
    return fetchKeys(this.#network, await this.#keysUrl(patience), patience);
  }

  async #prepare(name: EndpointName): Promise<PreparedRequest> {
    return prepareRequest(this.#network, await this.#discover(), name, this.#platform.authenticate);
  }
}

/** For pages, where one tab spends a refresh token at a time. */
async function spendAlways({ request, prepare, spend }: PreparableRefresh): Promise<SharedResult<RefreshResult>> {
  return { result: await spend(request.refreshToken, await prepare()), hold: () => () => {} };
}
