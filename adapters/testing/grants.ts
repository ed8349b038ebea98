import type { Grant } from "./authorization.js";
import type { EndpointFaults } from "./faults.js";
import { spoilClaims } from "./misbehaviour.js";
import { atHash, type Claims, challengeOf, randomId, type SigningAlg, type SigningKeys } from "./tokens.js";

interface GrantsOptions {
  readonly issuer: string;
  readonly clientId: string;
  readonly keys: SigningKeys;
  readonly signingAlg: SigningAlg;
  /** Seconds. */
  readonly accessTokenLifetime: number;
  readonly rotateRefreshTokens: boolean;
  /** The time in seconds. */
  seconds(): number;
}

/** A code or a refresh token. A spent one stays in the map, because its second use means that it was stolen. */
interface Credential {
  readonly grant: Grant;
  readonly until: number;
  isSpent: boolean;
}

const TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";

/** Seconds. RFC 6749 4.1.2: at most ten minutes. */
const CODE_LIFETIME = 600;
const ID_TOKEN_LIFETIME = 3600;

/** The audience of an access token: as the token request names it, or as the authorization request does (RFC 8707 2). */
function audienceOf(form: URLSearchParams, { parameters }: Grant): string | readonly string[] | undefined {
  for (const request of [form, parameters]) {
    const [audience, resources] = [request.get("audience"), request.getAll("resource")];
    if (audience !== null) return audience;
    if (resources.length > 0) return resources.length > 1 ? resources : resources[0];
  }
  return undefined;
}

const refuse = (error: string): Response => Response.json({ error }, { status: 400 });

/** The codes, refresh tokens and access tokens of every grant. */
export function createGrants(options: GrantsOptions) {
  const { issuer, clientId, keys, seconds, accessTokenLifetime, rotateRefreshTokens } = options;
  const codes = new Map<string, Credential>();
  const refreshTokens = new Map<string, Credential>();
  const accessTokens = new Map<string, { grant: Grant; until: number }>();

  const issue = (kind: Map<string, Credential>, grant: Grant, lifetime: number): string => {
    const value = randomId();
    kind.set(value, { grant, until: seconds() + lifetime, isSpent: false });
    return value;
  };

  function revokeGrant(grant: Grant): void {
    for (const kind of [refreshTokens, accessTokens])
      for (const [value, issued] of kind) if (issued.grant === grant) kind.delete(value);
  }

  /** The credential if it may be used now. Using a spent one revokes all tokens of its grant (RFC 6749 4.1.2, RFC 9700 4.14.2). */
  function use(kind: Map<string, Credential>, value: string): Credential | undefined {
    const credential = kind.get(value);
    if (credential?.isSpent) revokeGrant(credential.grant);
    return credential && !credential.isSpent && seconds() < credential.until ? credential : undefined;
  }

  /** The grant of a code, if redirect URI and verifier match (RFC 6749 4.1.3, RFC 7636 4.6). A failed try also spends the code. */
  async function redeem(form: URLSearchParams): Promise<Grant | undefined> {
    const code = use(codes, form.get("code") ?? "");
    if (!code) return undefined;
    code.isSpent = true;
    const { parameters } = code.grant;
    if (form.get("redirect_uri") !== parameters.get("redirect_uri")) return undefined;
    const challenge = await challengeOf(form.get("code_verifier") ?? "");
    return challenge === parameters.get("code_challenge") ? code.grant : undefined;
  }

  async function signAccessToken(
    grant: Grant,
    audience: string | readonly string[] | undefined,
    scope: string,
    further: Claims = {},
  ): Promise<string> {
    const until = seconds() + accessTokenLifetime;
    const claims = { iss: issuer, sub: grant.user["sub"], aud: audience ?? issuer, client_id: clientId, scope };
    // RFC 9068 2.
    const times = { iat: seconds(), exp: until, jti: randomId() };
    const token = await keys.sign({ ...claims, ...times, ...further }, { typ: "at+jwt" });
    accessTokens.set(token, { grant, until });
    return token;
  }

  /** The claims of a valid ID Token (OpenID Connect Core 2; 12.2 after a refresh). */
  async function idTokenClaims(grant: Grant, accessToken: string, isRefresh: boolean): Promise<Claims> {
    const { parameters, authTime, sid, user } = grant;
    const parameter = (name: string) => parameters.get(name);
    return {
      iss: issuer,
      aud: clientId,
      iat: seconds(),
      exp: seconds() + ID_TOKEN_LIFETIME,
      sid,
      at_hash: await atHash(accessToken, options.signingAlg),
      ...(parameter("nonce") !== null && !isRefresh ? { nonce: parameter("nonce") } : {}),
      ...(parameter("max_age") !== null ? { auth_time: authTime } : {}),
      // OpenID Connect Core 3.1.2.1: in order of preference.
      ...(parameter("acr_values") !== null ? { acr: parameter("acr_values")?.split(" ")[0] } : {}),
      ...(parameter("organization") !== null ? { org_id: parameter("organization") } : {}),
      ...user,
    };
  }

  async function tokensFor(grant: Grant, form: URLSearchParams, faults: EndpointFaults): Promise<Response> {
    const isRefresh = form.get("grant_type") === "refresh_token";
    const grantedScope = grant.parameters.get("scope") ?? "";
    const scope = form.get("scope") ?? grantedScope;
    const audience = faults.commits("other_audience") ? "https://another.example" : audienceOf(form, grant);
    const accessToken = await signAccessToken(grant, audience, scope);
    const body: Claims = {
      access_token: accessToken,
      token_type: faults.commits("other_token_type") ? "mac" : "Bearer",
      scope,
    };
    if (!faults.commits("no_expires_in")) body["expires_in"] = accessTokenLifetime;
    if (!isRefresh || rotateRefreshTokens)
      body["refresh_token"] = issue(refreshTokens, grant, Number.POSITIVE_INFINITY);
    if (grantedScope.split(" ").includes("openid") && !faults.commits("no_id_token")) {
      const claims = await idTokenClaims(grant, accessToken, isRefresh);
      body["id_token"] = await keys.sign(spoilClaims(claims, faults, seconds(), isRefresh), {}, faults);
    }
    return Response.json(body, { headers: { "cache-control": "no-store" } });
  }

  /** Exchanges an access token of this provider for one of another audience (RFC 8693 2). */
  async function exchange(form: URLSearchParams, faults: EndpointFaults): Promise<Response> {
    const live = (name: string) => {
      const issued = accessTokens.get(form.get(name) ?? "");
      return issued && seconds() < issued.until ? issued.grant : undefined;
    };
    const [grant, actor] = [live("subject_token"), live("actor_token")];
    const requested = form.get("requested_token_type") ?? ACCESS_TOKEN;
    const types = [form.get("subject_token_type"), form.get("actor_token_type") ?? ACCESS_TOKEN, requested];
    if (!grant || (form.has("actor_token") && !actor) || types.some((type) => type !== ACCESS_TOKEN))
      return refuse("invalid_request");
    const scope = form.get("scope") ?? "";
    const audience = faults.commits("other_audience") ? "https://another.example" : audienceOf(form, grant);
    const act = actor ? { act: { sub: actor.user["sub"] } } : {};
    const token = await signAccessToken(grant, audience, scope, act);
    const body = { access_token: token, token_type: "Bearer", expires_in: accessTokenLifetime, scope };
    return Response.json({ ...body, issued_token_type: requested }, { headers: { "cache-control": "no-store" } });
  }

  return {
    issueCode: (grant: Grant): string => issue(codes, grant, CODE_LIFETIME),
    /** The response of the token endpoint to the authenticated client. */
    async token(form: URLSearchParams, faults: EndpointFaults): Promise<Response> {
      if (faults.commits("invalid_grant")) return refuse("invalid_grant");
      if (form.get("grant_type") === "authorization_code") {
        const grant = await redeem(form);
        return grant ? tokensFor(grant, form, faults) : refuse("invalid_grant");
      }
      if (form.get("grant_type") === TOKEN_EXCHANGE) return exchange(form, faults);
      if (form.get("grant_type") !== "refresh_token") return refuse("unsupported_grant_type");
      const refreshToken = use(refreshTokens, form.get("refresh_token") ?? "");
      if (!refreshToken) return refuse("invalid_grant");
      // RFC 6749 6: the scope must not include any that was not granted originally.
      const granted = (refreshToken.grant.parameters.get("scope") ?? "").split(" ");
      const isWithin = (form.get("scope") ?? "").split(" ").every((scope) => scope === "" || granted.includes(scope));
      if (!isWithin) return refuse("invalid_scope");
      // RFC 8707 2.2: the resources must be among those of the authorization request.
      const resources = refreshToken.grant.parameters.getAll("resource");
      if (!form.getAll("resource").every((resource) => resources.includes(resource))) return refuse("invalid_target");
      refreshToken.isSpent = rotateRefreshTokens;
      return tokensFor(refreshToken.grant, form, faults);
    },
    /** The user of an access token; undefined if the token is unknown, revoked or expired. */
    userOf(accessToken: string): Readonly<Claims> | undefined {
      const issued = accessTokens.get(accessToken);
      return issued && seconds() < issued.until ? issued.grant.user : undefined;
    },
    /** Revokes only an access token, or a refresh token with all other tokens of its grant (RFC 7009 2.1). */
    revoke(token: string): void {
      const refreshToken = refreshTokens.get(token);
      if (refreshToken) revokeGrant(refreshToken.grant);
      accessTokens.delete(token);
    },
  };
}
