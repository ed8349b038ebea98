import { type Client, clockSkew, clockTolerance as clockToleranceOption } from "oauth4webapi";
import { ExchangeError } from "../errors.js";
import type { IdTokenClaims, TokenResponse } from "../exchange/machine.js";
import type { Ports } from "../ports.js";
import { sharedMap } from "../registry.js";
import { type ClientAuthentication, type ClientPrivateKey, clientAuth } from "./client-authentication.js";
import { type Access, discover } from "./discovery.js";
import { answerOf, asExchangeError } from "./failures.js";
import { post, requestTokens } from "./grants.js";
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
  redeem(input: { code: string; codeVerifier: string; redirectUri: string }): Promise<TokenResponse>;
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
  const fetch = boundFetch(ports.fetch, settings.httpTimeout, issuer);
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
    const through = await access();
    const grant = { grant_type: "refresh_token", refresh_token: refreshToken, ...defined({ audience, scope }) };
    const response = await requestTokens(through, grant, "grant_ended");
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
      if (!par) return withParameters(endpoint, parameters);
      // RFC 9126 2: the request goes to the provider directly; the browser carries a reference to it.
      const { request_uri } = await post(through, par, { ...parameters, client_id: clientId });
      if (typeof request_uri !== "string") throw new ExchangeError("provider_invalid");
      return withParameters(endpoint, { client_id: clientId, request_uri });
    },

    async redeem({ code, codeVerifier, redirectUri }) {
      const grant = { grant_type: "authorization_code", code, code_verifier: codeVerifier, redirect_uri: redirectUri };
      return requestTokens(await access(), grant, "code_rejected");
    },

    verifyIdToken: async ({ idToken, accessToken }) => verifyIdToken(await access(), ports, idToken, accessToken),

    refresh: (input) =>
      refreshOnce(refreshes, ports.now, {
        refreshToken: input.refreshToken,
        purpose: JSON.stringify([input.audience, input.scope]),
        holds: ({ response }) => input.held.includes(response.accessToken),
        perform: (refreshToken) => performRefresh(input, refreshToken),
      }),

    async userinfo(accessToken, subject) {
      const { as } = await access();
      const headers = { authorization: `Bearer ${accessToken}`, accept: "application/json" };
      const claims = await answerOf(await fetch(`${as.userinfo_endpoint}`, { headers }));
      if (claims["sub"] !== subject) throw new ExchangeError("provider_invalid", { cause: { claim: "sub" } });
      return claims;
    },

    async revoke(token) {
      const through = await access();
      const endpoint = through.as.revocation_endpoint;
      if (endpoint) await post(through, endpoint, { token });
    },

    async endSessionUrl({ idTokenHint, postLogoutRedirectUri }) {
      const { as } = await access();
      if (!as.end_session_endpoint) return undefined;
      return withParameters(as.end_session_endpoint, {
        client_id: clientId,
        post_logout_redirect_uri: postLogoutRedirectUri,
        ...defined({ id_token_hint: idTokenHint }),
      });
    },
  };
}

/** The members that have a value. */
const defined = (members: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  JSON.parse(JSON.stringify(members));

/** An endpoint's own query is kept (RFC 6749 3.1). */
const withParameters = (endpoint: unknown, parameters: Readonly<Record<string, string>>): Promise<string> =>
  asExchangeError("provider_invalid", async () => {
    const url = new URL(`${endpoint}`);
    if (!url.protocol.startsWith("http")) throw new TypeError("not a page");
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    return url.href;
  });
