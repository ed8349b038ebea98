import {
  type Client,
  clockSkew,
  clockTolerance as clockToleranceOption,
  processPushedAuthorizationResponse,
  processRevocationResponse,
  processUserInfoResponse,
  pushedAuthorizationRequest,
  revocationRequest,
  userInfoRequest,
} from "oauth4webapi";
import { ExchangeError } from "../errors.js";
import type { IdTokenClaims, TokenResponse } from "../exchange/machine.js";
import type { Ports } from "../ports.js";
import { sharedMap } from "../registry.js";
import { type ClientAuthentication, type ClientPrivateKey, clientAuth } from "./client-authentication.js";
import { type Access, discover, requestOptions } from "./discovery.js";
import { asExchangeError } from "./failures.js";
import { redeemCode, useRefreshToken } from "./grants.js";
import { verifyIdToken } from "./id-token.js";
import { type Entry, refreshOnce } from "./refresher.js";
import { boundFetch } from "./transport.js";

export type { ClientAuthentication, ClientPrivateKey };

/** Who we are to which provider. */
export interface ProviderSettings {
  /** Exactly as the provider announces it. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret?: string | undefined;
  /** For `private_key_jwt`. */
  readonly clientPrivateKey?: ClientPrivateKey | undefined;
  readonly clientAuthentication: ClientAuthentication;
  /** The one algorithm that ID Tokens may be signed with. */
  readonly idTokenSigningAlg: string;
  /** Seconds that a request may take. */
  readonly httpTimeout: number;
  /** Seconds by which the provider's clock may differ. */
  readonly clockTolerance: number;
}

/** What the relying party needs to know of the provider's metadata. */
interface Metadata {
  readonly issuer: string;
  /** The provider sends `iss` with its authorization responses (RFC 9207 3). */
  readonly issRequired: boolean;
}

/** What came of a refresh. */
interface RefreshResult {
  readonly response: TokenResponse;
  /** The refresh token to keep now: the next one, or the same. */
  readonly refreshToken: string;
}

/** A refresh that is asked for. */
interface RefreshInput {
  readonly refreshToken: string;
  /** Whose session it is: a refreshed ID Token must be about nobody else (OpenID Connect Core 12.2). */
  readonly subject: string;
  /** Access tokens that the session has: none of them is what is asked for. */
  readonly held: readonly string[];
  readonly audience?: string | undefined;
  readonly scope?: string | undefined;
}

/** The OpenID Provider as seen from here. Whatever goes wrong is an ExchangeError. */
export interface Provider {
  metadata(): Promise<Metadata>;
  /** Where to send the browser. Where the provider takes pushed requests (RFC 9126), the URL holds a reference alone. */
  authorizationUrl(parameters: Readonly<Record<string, string>>): Promise<string>;
  redeem(input: {
    parameters: URLSearchParams;
    state: string;
    codeVerifier: string;
    redirectUri: string;
  }): Promise<TokenResponse>;
  verifyIdToken(input: { idToken: string; accessToken: string }): Promise<IdTokenClaims>;
  /** Spends a refresh token once in this process, however many ask; its result serves those who hold the old one for 30 s. */
  refresh(input: RefreshInput): Promise<RefreshResult>;
  /** Claims of the userinfo endpoint, about this subject only (OpenID Connect Core 5.3.2). */
  userinfo(accessToken: string, subject: string): Promise<Readonly<Record<string, unknown>>>;
  /** RFC 7009; nothing where it is not offered. */
  revoke(token: string): Promise<void>;
  /** Where to send the browser to sign out (RP-Initiated Logout 2); undefined where it is not offered. */
  endSessionUrl(input: {
    idTokenHint?: string | undefined;
    postLogoutRedirectUri: string;
  }): Promise<string | undefined>;
}

/** Talks through `ports.fetch`; what is public is cached in this process, by issuer. */
export function createProvider(settings: ProviderSettings, ports: Ports): Provider {
  const { issuer, clientId, idTokenSigningAlg, clockTolerance: tolerance } = settings;
  const fetch = boundFetch(ports.fetch, settings.httpTimeout);
  const auth = clientAuth(settings, ports);
  const refreshes = sharedMap<Entry<RefreshResult>>(ports.fetch, `refresh ${issuer} ${clientId}`);

  async function access(): Promise<Access> {
    const client: Client = {
      client_id: clientId,
      // RFC 8725 3.1: the algorithm is ours to choose, never the token's.
      id_token_signed_response_alg: idTokenSigningAlg,
      [clockSkew]: ports.skew(),
      [clockToleranceOption]: tolerance,
    };
    return { as: await discover(issuer, ports, fetch), client, auth, fetch, tolerance };
  }

  async function performRefresh(
    { subject, audience, scope }: RefreshInput,
    refreshToken: string,
  ): Promise<RefreshResult> {
    const parameters = { ...(audience ? { audience } : {}), ...(scope ? { scope } : {}) };
    const through = await access();
    const response = await useRefreshToken(through, refreshToken, parameters);
    if (response.idToken !== undefined) {
      const { sub } = await verifyIdToken(through, ports, response.idToken, response.accessToken);
      if (sub !== subject) throw new ExchangeError("id_token_invalid", { cause: { claim: "sub" } });
    }
    return { response, refreshToken: response.refreshToken ?? refreshToken };
  }

  return {
    async metadata() {
      const { as } = await access();
      return { issuer, issRequired: as.authorization_response_iss_parameter_supported === true };
    },

    async authorizationUrl(parameters) {
      const through = await access();
      const { pushed_authorization_request_endpoint: par, authorization_endpoint: endpoint } = through.as;
      const sent = par ? { client_id: clientId, request_uri: await push(through, parameters) } : parameters;
      if (!endpoint) throw new ExchangeError("provider_invalid", { cause: "no authorization_endpoint" });
      return withParameters(endpoint, sent);
    },

    redeem: async (input) => redeemCode(await access(), input),

    verifyIdToken: async ({ idToken, accessToken }) => verifyIdToken(await access(), ports, idToken, accessToken),

    refresh: (input) =>
      refreshOnce(refreshes, ports.now, {
        refreshToken: input.refreshToken,
        purpose: JSON.stringify([input.audience, input.scope]),
        holds: ({ response }) => input.held.includes(response.accessToken),
        perform: (refreshToken) => performRefresh(input, refreshToken),
      }),

    async userinfo(accessToken, subject) {
      const { as, client } = await access();
      return asExchangeError("provider_invalid", async () => {
        const response = await userInfoRequest(as, client, accessToken, requestOptions(fetch, issuer));
        return processUserInfoResponse(as, client, subject, response);
      });
    },

    async revoke(token) {
      const { as, client } = await access();
      if (!as.revocation_endpoint) return;
      await asExchangeError("provider_invalid", async () => {
        const response = await revocationRequest(as, client, auth, token, requestOptions(fetch, issuer));
        await processRevocationResponse(response);
      });
    },

    async endSessionUrl({ idTokenHint, postLogoutRedirectUri }) {
      const { as } = await access();
      if (!as.end_session_endpoint) return undefined;
      return withParameters(as.end_session_endpoint, {
        client_id: clientId,
        post_logout_redirect_uri: postLogoutRedirectUri,
        ...(idTokenHint ? { id_token_hint: idTokenHint } : {}),
      });
    },
  };

  /** RFC 9126 2: the request goes to the provider directly; the browser carries a reference to it. */
  function push({ as, client }: Access, parameters: Readonly<Record<string, string>>): Promise<string> {
    return asExchangeError("provider_invalid", async () => {
      const response = await pushedAuthorizationRequest(
        as,
        client,
        auth,
        { ...parameters },
        requestOptions(fetch, issuer),
      );
      const { request_uri } = await processPushedAuthorizationResponse(as, client, response);
      return request_uri;
    });
  }
}

/** An endpoint's own query is kept (RFC 6749 3.1). */
function withParameters(endpoint: string, parameters: Readonly<Record<string, string>>): string {
  const url = new URL(endpoint);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}
