import { answerBadly, type Endpoint, type Fault } from "./faults.js";
import { createGrants, type Grant, type ProviderClient } from "./grants.js";
import { type Claims, createSigningKeys, type SigningAlg } from "./tokens.js";

/** What a provider for tests is told about itself, its one client and its user. */
export interface TestProviderOptions {
  /** @default "https://op.example" */
  issuer?: string;
  /** @default "client" */
  clientId?: string;
  /** @default "client-secret" */
  clientSecret?: string;
  /** The client's public JWK, for `private_key_jwt`: its assertions are verified. */
  clientPublicKey?: Record<string, unknown>;
  /** Claims of whoever signs in; `sub` is required. @default { sub: "alice", name: "Alice" } */
  user?: Record<string, unknown>;
  /** @default the real clock */
  clock?: { now(): number };
  /** @default "RS256" */
  signingAlg?: SigningAlg;
  /** Seconds. @default 3600 */
  accessTokenLifetime?: number;
  /** Whether a refresh token is good for one use; using a spent one revokes what came of it. @default true */
  rotateRefreshTokens?: boolean;
  /** What the metadata offers. @default all but `par` */
  offer?: { par?: boolean; iss?: boolean; revocation?: boolean; endSession?: boolean; userinfo?: boolean };
}

/** One request that the provider was sent. */
export interface ProviderRequest {
  readonly endpoint: Endpoint;
  readonly method: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly authorization: string | null;
}

/** What the browser is to do next: a redirect, or a form to post (`response_mode=form_post`). */
export interface AuthorizationResponse {
  readonly url: string;
  readonly method: "GET" | "POST";
  /** The form, url-encoded. */
  readonly body?: string;
}

/** What the user does at the provider. */
export interface AuthorizeOptions {
  /** Refuses: `access_denied`. @default false */
  deny?: boolean;
  /** Any other error of the authorization endpoint. */
  error?: string;
  /** Signs in as somebody else than the provider's user. */
  user?: Record<string, unknown>;
}

/** An OpenID Provider as a `fetch` function: it signs real tokens, remembers what it was asked, and errs when told to. */
export interface TestProvider {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Give this to an adapter as its `fetch`. Requests to anybody else fail as without a network. */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;
  /** The user's part: follows an authorization URL to the response that the browser takes back. */
  authorize(url: string, options?: AuthorizeOptions): Promise<AuthorizationResponse>;
  /** Everything that was asked, in order. */
  readonly requests: readonly ProviderRequest[];
  /** Errs in this way, at one endpoint or at all, so many times or until the returned function is called. */
  misbehave(fault: Fault, options?: { endpoint?: Endpoint; times?: number }): () => void;
  /** Signs with a new key from now on. */
  rotateKeys(): Promise<void>;
  /** Revokes a refresh token and all that came of the same sign-in. */
  revoke(refreshToken: string): void;
  /** Signs any claims with the current key. */
  sign(claims: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>;
}

interface Misbehaviour {
  readonly fault: Fault;
  readonly endpoint: Endpoint | undefined;
  left: number;
}

const ENDPOINTS: Record<string, Endpoint> = {
  "/.well-known/openid-configuration": "discovery",
  "/jwks": "jwks",
  "/par": "par",
  "/token": "token",
  "/userinfo": "userinfo",
  "/revoke": "revocation",
  "/authorize": "authorize",
  "/logout": "end_session",
};

/** Starts a provider in memory; nothing listens anywhere. */
export async function createTestProvider(options: TestProviderOptions = {}): Promise<TestProvider> {
  const { issuer = "https://op.example", clientId = "client", clientSecret = "client-secret" } = options;
  const { clock = { now: () => Date.now() }, user = { sub: "alice", name: "Alice" } } = options;
  const client: ProviderClient = { clientId, clientSecret, publicKey: options.clientPublicKey };
  const keys = await createSigningKeys(options.signingAlg ?? "RS256");
  const grants = createGrants({ issuer, client, keys, seconds: () => Math.floor(clock.now() / 1000), ...options });
  const requests: ProviderRequest[] = [];
  const misbehaviours = new Set<Misbehaviour>();
  const base = issuer.replace(/\/$/, "");

  /** The faults of the moment at an endpoint; those told to occur so many times are counted down. */
  function faultsAt(endpoint: Endpoint): Set<Fault> {
    const faults = new Set<Fault>();
    for (const one of misbehaviours) {
      if (one.endpoint !== undefined && one.endpoint !== endpoint) continue;
      faults.add(one.fault);
      if (isSeen(one.fault, endpoint) && --one.left === 0) misbehaviours.delete(one);
    }
    return faults;
  }

  async function answer(request: Request, signal: AbortSignal | undefined): Promise<Response> {
    const url = new URL(request.url);
    const path = url.href.startsWith(`${base}/`)
      ? url.pathname.slice(new URL(base).pathname.replace(/\/$/, "").length)
      : "";
    const endpoint = ENDPOINTS[path];
    if (!endpoint) throw new TypeError("fetch failed");
    const form = new URLSearchParams(request.method === "POST" ? await request.text() : url.search);
    const parameters = Object.fromEntries(form);
    const authorization = request.headers.get("authorization");
    requests.push({ endpoint, method: request.method, parameters, authorization });
    const faults = faultsAt(endpoint);
    for (const fault of faults) {
      const bad = answerBadly(fault, signal);
      if (bad) return bad;
    }
    switch (endpoint) {
      case "discovery":
        return Response.json(metadata(base, issuer, options, faults));
      case "jwks":
        return Response.json(keys.publicKeys());
      case "par":
        return grants.push(form, authorization, faults);
      case "token":
        return grants.token(form, authorization, faults);
      case "userinfo":
        return grants.userinfo(authorization, faults);
      case "revocation":
        return grants.revocation(form, authorization);
      default:
        return new Response(null, { status: 404 });
    }
  }

  return {
    issuer,
    clientId,
    clientSecret,
    requests,
    async fetch(input, init) {
      const request = new Request(input, init);
      return answer(request, init?.signal ?? request.signal);
    },
    async authorize(url, asked = {}) {
      const parameters = grants.parametersOf(new URL(url).searchParams);
      requests.push({
        endpoint: "authorize",
        method: "GET",
        parameters: Object.fromEntries(parameters),
        authorization: null,
      });
      const faults = faultsAt("authorize");
      const grant: Grant = { parameters, user: asked.user ?? user, signedInAt: Math.floor(clock.now() / 1000) };
      const error = asked.deny ? "access_denied" : asked.error;
      const response: Record<string, string> = error ? { error } : { code: grants.issueCode(grant) };
      const state = parameters.get("state");
      if (state !== null) response["state"] = state;
      if (faults.has("wrong_iss_in_response")) response["iss"] = "https://another.example";
      else if (options.offer?.iss !== false && !faults.has("missing_iss_in_response")) response["iss"] = issuer;
      const target = new URL(parameters.get("redirect_uri") ?? "");
      const form = new URLSearchParams(response).toString();
      if (parameters.get("response_mode") === "form_post") return { url: target.href, method: "POST", body: form };
      target.search = form;
      return { url: target.href, method: "GET" };
    },
    misbehave(fault, { endpoint, times = Number.POSITIVE_INFINITY } = {}) {
      const one: Misbehaviour = { fault, endpoint, left: times };
      misbehaviours.add(one);
      return () => void misbehaviours.delete(one);
    },
    rotateKeys: () => keys.rotate(),
    revoke: (refreshToken) => grants.revoke(refreshToken),
    sign: (claims, header) => keys.sign(claims, header),
  };
}

/** Faults of one endpoint are counted where they are seen; all others wherever they are met. */
function isSeen(fault: Fault, endpoint: Endpoint): boolean {
  if (fault === "wrong_issuer_in_discovery") return endpoint === "discovery";
  if (fault.endsWith("iss_in_response")) return endpoint === "authorize";
  if (fault === "userinfo_of_another_subject") return endpoint === "userinfo";
  return TRANSPORT.has(fault) || endpoint === "token";
}

const TRANSPORT: ReadonlySet<string> = new Set(
  "unreachable slow html huge_body redirect status_429 status_500 status_503".split(" "),
);

/** OpenID Connect Discovery 3. */
function metadata(
  base: string,
  issuer: string,
  { signingAlg = "RS256", offer = {} }: TestProviderOptions,
  faults: Set<Fault>,
): Claims {
  return {
    issuer: faults.has("wrong_issuer_in_discovery") ? "https://another.example" : issuer,
    authorization_endpoint: `${base}/authorize`,
    token_endpoint: `${base}/token`,
    jwks_uri: `${base}/jwks`,
    response_types_supported: ["code"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: [signingAlg],
    code_challenge_methods_supported: ["S256"],
    authorization_response_iss_parameter_supported: offer.iss !== false,
    ...(offer.userinfo === false ? {} : { userinfo_endpoint: `${base}/userinfo` }),
    ...(offer.revocation === false ? {} : { revocation_endpoint: `${base}/revoke` }),
    ...(offer.endSession === false ? {} : { end_session_endpoint: `${base}/logout` }),
    ...(offer.par ? { pushed_authorization_request_endpoint: `${base}/par` } : {}),
  };
}
