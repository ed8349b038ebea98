import { jwtVerify } from "jose/jwt/verify";
import { importJWK } from "jose/key/import";
import { type Fault, spoilClaims } from "./faults.js";
import { type Claims, hash, randomId, type SigningKeys } from "./tokens.js";

/** The one client that is registered. */
export interface ProviderClient {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly publicKey: Claims | undefined;
}

/** What a user agreed to. */
export interface Grant {
  readonly parameters: URLSearchParams;
  readonly user: Claims;
  /** Seconds. */
  readonly signedInAt: number;
}

interface RefreshGrant {
  readonly grant: Grant;
  spent: boolean;
}

interface GrantsOptions {
  readonly issuer: string;
  readonly client: ProviderClient;
  readonly keys: SigningKeys;
  seconds(): number;
  readonly accessTokenLifetime?: number;
  readonly rotateRefreshTokens?: boolean;
}

const error = (status: number, code: string): Response => Response.json({ error: code }, { status });

/** The endpoints that know what was granted: PAR, token, userinfo, revocation. */
export function createGrants(options: GrantsOptions) {
  const { issuer, client, keys, seconds, accessTokenLifetime = 3600, rotateRefreshTokens = true } = options;
  const pushed = new Map<string, URLSearchParams>();
  const codes = new Map<string, Grant>();
  const refreshTokens = new Map<string, RefreshGrant>();
  const accessTokens = new Map<string, Grant>();

  /** RFC 6749 2.3.1, RFC 7523 2.2. */
  async function isClient(form: URLSearchParams, authorization: string | null): Promise<boolean> {
    const assertion = form.get("client_assertion");
    if (assertion !== null) return client.publicKey !== undefined && isSignedBy(assertion, client.publicKey);
    if (authorization !== null) {
      const [id = "", secret = ""] = atob(authorization.replace(/^Basic /i, "")).split(":");
      const decode = (text: string) => decodeURIComponent(text.replaceAll("+", " "));
      return decode(id) === client.clientId && decode(secret) === client.clientSecret;
    }
    const secret = form.get("client_secret");
    return (
      form.get("client_id") === client.clientId &&
      (secret === null ? client.clientSecret === "" : secret === client.clientSecret)
    );
  }

  async function isSignedBy(assertion: string, publicKey: Claims): Promise<boolean> {
    try {
      const key = await importJWK(publicKey as never, String(publicKey["alg"]));
      const { payload } = await jwtVerify(assertion, key, {
        currentDate: new Date(seconds() * 1000),
        subject: client.clientId,
      });
      return [payload.aud].flat().includes(issuer) || [payload.aud].flat().includes(`${issuer}/token`);
    } catch {
      // Whatever is wrong with it: it does not prove who the client is.
      return false;
    }
  }

  async function tokensFor(grant: Grant, form: URLSearchParams, faults: Set<Fault>): Promise<Response> {
    const isRefresh = form.get("grant_type") === "refresh_token";
    const { parameters, user, signedInAt } = grant;
    const now = seconds();
    const accessToken = await keys.sign(
      {
        iss: issuer,
        sub: user["sub"],
        aud: form.get("audience") ?? parameters.get("audience") ?? issuer,
        client_id: client.clientId,
        iat: now,
        exp: now + accessTokenLifetime,
        jti: randomId(),
        scope: form.get("scope") ?? parameters.get("scope"),
      },
      { typ: "at+jwt" },
    );
    accessTokens.set(accessToken, grant);
    const refreshToken = randomId();
    refreshTokens.set(refreshToken, { grant, spent: false });
    const nonce = parameters.get("nonce");
    const organization = parameters.get("organization");
    const claims: Claims = {
      iss: issuer,
      aud: client.clientId,
      iat: now,
      exp: now + 3600,
      auth_time: signedInAt,
      sid: await hash(`${signedInAt}${user["sub"]}`, 12),
      at_hash: await hash(accessToken, 16),
      ...(nonce === null ? {} : { nonce }),
      ...(organization === null ? {} : { org_id: organization }),
      ...user,
    };
    const idToken = await keys.sign(spoilClaims(claims, faults, now, isRefresh), {}, faults);
    return Response.json({
      access_token: accessToken,
      token_type: faults.has("other_token_type") ? "mac" : "Bearer",
      scope: form.get("scope") ?? parameters.get("scope") ?? "",
      ...(faults.has("no_expires_in") ? {} : { expires_in: accessTokenLifetime }),
      ...(faults.has("no_id_token") ? {} : { id_token: idToken }),
      ...(isRefresh && !rotateRefreshTokens ? {} : { refresh_token: refreshToken }),
    });
  }

  /** RFC 6749 4.1.3, RFC 7636 4.6: once, for the same redirect URI, with the right verifier. */
  async function redeem(form: URLSearchParams): Promise<Grant | undefined> {
    const code = form.get("code") ?? "";
    const grant = codes.get(code);
    codes.delete(code);
    if (!grant || form.get("redirect_uri") !== grant.parameters.get("redirect_uri")) return undefined;
    return (await hash(form.get("code_verifier") ?? "")) === grant.parameters.get("code_challenge") ? grant : undefined;
  }

  function spend(refreshToken: string): Grant | undefined {
    const known = refreshTokens.get(refreshToken);
    if (!known) return undefined;
    // RFC 9700 4.14.2: a second use means that somebody else holds it too.
    if (known.spent) revokeGrant(known.grant);
    if (known.spent) return undefined;
    known.spent = rotateRefreshTokens;
    return known.grant;
  }

  function revokeGrant(grant: Grant): void {
    for (const [token, known] of refreshTokens) if (known.grant === grant) refreshTokens.delete(token);
    for (const [token, known] of accessTokens) if (known === grant) accessTokens.delete(token);
  }

  return {
    /** The parameters of an authorization request, pushed or not. A reference is good once. */
    parametersOf(query: URLSearchParams): URLSearchParams {
      const reference = query.get("request_uri");
      const parameters = reference === null ? query : pushed.get(reference);
      if (reference !== null) pushed.delete(reference);
      if (!parameters || query.get("client_id") !== client.clientId)
        throw new TypeError("not an authorization request of this client");
      return parameters;
    },
    issueCode(grant: Grant): string {
      const code = randomId();
      codes.set(code, grant);
      return code;
    },
    async push(form: URLSearchParams, authorization: string | null, faults: Set<Fault>): Promise<Response> {
      if (faults.has("invalid_client") || !(await isClient(form, authorization))) return error(401, "invalid_client");
      const reference = `urn:ietf:params:oauth:request_uri:${randomId()}`;
      pushed.set(reference, form);
      return Response.json({ request_uri: reference, expires_in: 60 }, { status: 201 });
    },
    async token(form: URLSearchParams, authorization: string | null, faults: Set<Fault>): Promise<Response> {
      if (faults.has("invalid_client") || !(await isClient(form, authorization))) return error(401, "invalid_client");
      if (faults.has("invalid_grant")) return error(400, "invalid_grant");
      const type = form.get("grant_type");
      if (type !== "authorization_code" && type !== "refresh_token") return error(400, "unsupported_grant_type");
      const grant = type === "refresh_token" ? spend(form.get("refresh_token") ?? "") : await redeem(form);
      return grant ? tokensFor(grant, form, faults) : error(400, "invalid_grant");
    },
    async userinfo(authorization: string | null, faults: Set<Fault>): Promise<Response> {
      const grant = accessTokens.get((authorization ?? "").replace(/^Bearer /i, ""));
      if (!grant)
        return new Response(null, { status: 401, headers: { "www-authenticate": 'Bearer error="invalid_token"' } });
      return Response.json(faults.has("userinfo_of_another_subject") ? { ...grant.user, sub: "mallory" } : grant.user);
    },
    async revocation(form: URLSearchParams, authorization: string | null): Promise<Response> {
      if (!(await isClient(form, authorization))) return error(401, "invalid_client");
      this.revoke(form.get("token") ?? "");
      return new Response(null, { status: 200 });
    },
    revoke(refreshToken: string): void {
      const known = refreshTokens.get(refreshToken);
      if (known) revokeGrant(known.grant);
    },
  };
}
