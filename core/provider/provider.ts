import type { Awaitable } from "../awaitable.js";
import { ExchangeError, type ExchangeErrorCode } from "../errors.js";
import type { AuthorizationParameters, IdTokenClaims, TokenResponse } from "../exchange/machine.js";
import type { Ports } from "../ports.js";
import { discover } from "./discovery.js";
import { answerOf, asExchangeError } from "./failures.js";
import { tokensOf } from "./grants.js";
import { verifyIdToken } from "./id-token.js";
import { keysAt, type Verify } from "./keys.js";
import type { SharedResult } from "./refresher.js";
import { boundFetch, mustBeAsSecure, withPatience } from "./transport.js";

/** Who we are to which provider. */
export interface ProviderSettings {
  /** Exactly as the provider announces it. */
  readonly issuer: string;
  readonly clientId: string;
  /** The one algorithm that ID Tokens may be signed with. */
  readonly idTokenSigningAlg: string;
  /** Audiences are called `resource` (RFC 8707 2), not `audience`. */
  readonly resourceIndicators?: boolean | undefined;
  /** Seconds that a request may take. */
  readonly httpTimeout: number;
  /** Seconds by which the provider's clock may differ. */
  readonly clockTolerance: number;
}

/** What a server and a browser do each in its own way. */
export interface ProviderMeans {
  /** Says in a request who sends it: in its form, or in the headers that are given back (RFC 6749 2.3). */
  authenticate(form: URLSearchParams): Awaitable<Record<string, string>>;
  readonly verify: Verify;
  /** Spends a refresh token, or finds what another request got for it. @default spends it */
  spendOnce?(spending: Spending): Promise<SharedResult<RefreshResult>>;
}

/** What the relying party needs to know of the provider's metadata. */
interface Metadata {
  readonly issuer: string;
  /** The provider sends `iss` with its authorization responses (RFC 9207 3). */
  readonly issRequired: boolean;
}

/** What came of a refresh. */
export interface RefreshResult {
  readonly response: TokenResponse;
  /** The refresh token to keep now: the next one, or the same. */
  readonly refreshToken: string;
}

/** How a refresh token is spent. */
interface Spending {
  readonly input: RefreshInput;
  /** Waits for whatever must be there before a refresh token may be spent. */
  prepare(): Promise<PreparedPost>;
  /** Sends the token request at once. */
  spend(refreshToken: string, prepared: PreparedPost): Promise<RefreshResult>;
}

/** A request to an endpoint that says who sends it, and lacks its parameters. */
interface PreparedPost {
  readonly endpoint: unknown;
  readonly form: URLSearchParams;
  readonly headers: Record<string, string>;
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
  authorizationUrl(parameters: AuthorizationParameters): Promise<string>;
  /** `audience`: which of those that were asked for, where there are several (RFC 8707 2.2). */
  redeem(input: {
    code: string;
    codeVerifier: string;
    redirectUri: string;
    audience?: string | undefined;
  }): Promise<TokenResponse>;
  verifyIdToken(input: { idToken: string; accessToken: string }): Promise<IdTokenClaims>;
  /**
   * Spends a refresh token. The result is kept for later requests that hold the spent one until `release` is called, when a
   * response with the result has left.
   */
  refresh(input: RefreshInput): Promise<RefreshResult & { release(): void }>;
  /** Claims of the userinfo endpoint, about this subject only (OpenID Connect Core 5.3.2). */
  userinfo(accessToken: string, subject: string): Promise<Readonly<Record<string, unknown>>>;
  /** RFC 7009; nothing where it is not offered. */
  revoke(token: string): Promise<void>;
  /** Where to send the browser to sign out (RP-Initiated Logout 2); undefined where it is not offered. */
  endSessionUrl(input: {
    idTokenHint?: string | undefined;
    postLogoutRedirectUri: string;
    /** Further parameters, such as Auth0's `federated`. */
    params?: AuthorizationParameters | undefined;
  }): Promise<string | undefined>;
}

/** Talks through `ports.fetch`; what is public is cached in this process, by issuer. */
export function createProvider(
  settings: ProviderSettings,
  ports: Ports,
  { authenticate, verify: verifyWith, spendOnce = spendAtOnce }: ProviderMeans,
): Provider {
  const { issuer, clientId } = settings;
  const fetch = boundFetch(ports.fetch, settings.httpTimeout, issuer);
  const metadata = (by = fetch) => discover(issuer, ports, by);

  /** A request to an endpoint as this client (RFC 6749 2.3). */
  async function prepare(endpoint: unknown): Promise<PreparedPost> {
    const form = new URLSearchParams();
    const type = "application/x-www-form-urlencoded";
    const headers = { accept: "application/json", "content-type": type, ...(await authenticate(form)) };
    return { endpoint, form, headers };
  }

  /** What an endpoint answers. Its time begins at once. */
  async function send(prepared: PreparedPost, parameters: Parameters, onInvalidGrant?: ExchangeErrorCode) {
    const { endpoint, form, headers } = prepared;
    // As text, since to a `fetch` of another realm (jsdom has its own URLSearchParams) the object is no form.
    const body = `${fill(form, parameters)}`;
    return answerOf(await fetch(`${endpoint}`, { method: "POST", headers, body }), onInvalidGrant);
  }

  const post = async (endpoint: unknown, parameters: Parameters) => send(await prepare(endpoint), parameters);
  const prepareGrant = async () => prepare((await metadata()).token_endpoint);

  /** Tokens for a grant (RFC 6749 4.1.3, 6). */
  async function grant(prepared: PreparedPost, parameters: Parameters, onInvalidGrant: ExchangeErrorCode) {
    const requestedAt = ports.now();
    return tokensOf(await send(prepared, parameters, onInvalidGrant), requestedAt);
  }

  async function verify(tokens: { idToken: string; accessToken: string }) {
    const patient = withPatience(fetch);
    return verifyIdToken(settings, (await metadata(patient)).jwks_uri, ports, patient, verifyWith, tokens);
  }

  const named = (audience: string | undefined) => (settings.resourceIndicators ? { resource: audience } : { audience });

  async function keys() {
    const patient = withPatience(fetch);
    return keysAt((await metadata(patient)).jwks_uri, ports, patient);
  }

  return {
    metadata: async () => ({
      issuer,
      issRequired: (await metadata()).authorization_response_iss_parameter_supported === true,
    }),

    async authorizationUrl(parameters) {
      const { pushed_authorization_request_endpoint: par, authorization_endpoint: endpoint } = await metadata();
      if (!par) return withParameters(endpoint, issuer, parameters);
      // RFC 9126 2: the request goes to the provider directly; the browser carries a reference to it.
      const { request_uri } = await post(par, { ...parameters, client_id: clientId });
      if (typeof request_uri !== "string") throw new ExchangeError("provider_invalid");
      return withParameters(endpoint, issuer, { client_id: clientId, request_uri });
    },

    async redeem({ code, codeVerifier, redirectUri, audience }) {
      // Fetched beside the exchange, to be there when the ID Token is verified; that reports what goes wrong here.
      const known = keys().catch(() => {});
      const asked = { grant_type: "authorization_code", code, code_verifier: codeVerifier, redirect_uri: redirectUri };
      try {
        return await grant(await prepareGrant(), { ...asked, ...named(audience) }, "code_rejected");
      } finally {
        // A request that ended before its fetch would leave a load behind that others wait for in vain.
        await known;
      }
    },

    verifyIdToken: verify,

    async refresh(input) {
      const { subject, audience, scope } = input;
      const { result, hold } = await spendOnce({
        input,
        async prepare() {
          // Before the refresh token is spent: without the keys a new ID Token could not be verified, and would be lost.
          await keys();
          return prepareGrant();
        },
        async spend(spent, prepared) {
          const asked = { grant_type: "refresh_token", refresh_token: spent, ...named(audience), scope };
          const response = await grant(prepared, asked, "grant_ended");
          return { response, refreshToken: response.refreshToken ?? spent };
        },
      });
      // Before anything that may fail: this process has the only copy of the new refresh token.
      const release = hold();
      const { idToken, accessToken } = result.response;
      if (idToken !== undefined && (await verify({ idToken, accessToken })).sub !== subject) {
        throw new ExchangeError("id_token_invalid", { cause: { claim: "sub" } });
      }
      return { ...result, release };
    },

    async userinfo(accessToken, subject) {
      const { userinfo_endpoint: endpoint } = await metadata();
      const headers = { authorization: `Bearer ${accessToken}`, accept: "application/json" };
      const claims = await answerOf(await fetch(`${endpoint}`, { headers }));
      if (claims["sub"] === subject) return claims;
      throw new ExchangeError("provider_invalid", { cause: { claim: "sub" } });
    },

    async revoke(token) {
      const { revocation_endpoint: endpoint } = await metadata();
      if (endpoint) await post(endpoint, { token });
    },

    async endSessionUrl({ idTokenHint, postLogoutRedirectUri, params }) {
      const { end_session_endpoint: endpoint } = await metadata();
      const parameters = { ...params, client_id: clientId, post_logout_redirect_uri: postLogoutRedirectUri };
      return endpoint ? withParameters(endpoint, issuer, { ...parameters, id_token_hint: idTokenHint }) : undefined;
    },
  };
}

async function spendAtOnce({ input, prepare, spend }: Spending): Promise<SharedResult<RefreshResult>> {
  return { result: await spend(input.refreshToken, await prepare()), hold: () => () => {} };
}

type Parameters = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Puts parameters in the place of those of the same names; a list is one that is repeated, undefined is none. */
function fill(form: URLSearchParams, parameters: Parameters): URLSearchParams {
  for (const name in parameters) {
    form.delete(name);
    for (const value of [parameters[name] ?? []].flat()) form.append(name, value);
  }
  return form;
}

/**
 * The URL of an endpoint with parameters; its own query is kept (RFC 6749 3.1).
 * @throws ExchangeError `provider_invalid` for an endpoint that is less secure than the issuer
 */
const withParameters = (endpoint: unknown, issuer: string, parameters: Parameters): Promise<string> =>
  asExchangeError("provider_invalid", async () => {
    const url = new URL(`${endpoint}`);
    mustBeAsSecure(url.href, issuer);
    fill(url.searchParams, parameters);
    return url.href;
  });
