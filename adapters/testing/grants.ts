import type { Grant } from "./authorization.js";
import type { FaultsHere } from "./faults.js";
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
  seconds(): number;
}

/** A code or a refresh token. `spent` ones are remembered: to see one again means that somebody else holds it too. */
interface Credential {
  readonly grant: Grant;
  readonly until: number;
  spent: boolean;
}

/** Seconds. RFC 6749 4.1.2: at most ten minutes. */
const CODE_LIFETIME = 600;
const ID_TOKEN_LIFETIME = 3600;

const refuse = (error: string): Response => Response.json({ error }, { status: 400 });

/** What was granted, and what came of it: codes, refresh tokens, access tokens. */
export function createGrants(options: GrantsOptions) {
  const { issuer, clientId, keys, seconds, accessTokenLifetime, rotateRefreshTokens } = options;
  const codes = new Map<string, Credential>();
  const refreshTokens = new Map<string, Credential>();
  const accessTokens = new Map<string, { grant: Grant; until: number }>();

  const issue = (kind: Map<string, Credential>, grant: Grant, lifetime: number): string => {
    const value = randomId();
    kind.set(value, { grant, until: seconds() + lifetime, spent: false });
    return value;
  };

  function revokeGrant(grant: Grant): void {
    for (const kind of [refreshTokens, accessTokens])
      for (const [value, known] of kind) if (known.grant === grant) kind.delete(value);
  }

  /** RFC 6749 4.1.2, RFC 9700 4.14.2: a second use revokes what came of the first. */
  function use(kind: Map<string, Credential>, value: string): Credential | undefined {
    const known = kind.get(value);
    if (known?.spent) revokeGrant(known.grant);
    return known && !known.spent && seconds() < known.until ? known : undefined;
  }

  /** RFC 6749 4.1.3, RFC 7636 4.6: once, for the same redirect URI, with the right verifier; used up even if it fails. */
  async function redeem(form: URLSearchParams): Promise<Grant | undefined> {
    const found = use(codes, form.get("code") ?? "");
    if (!found) return undefined;
    found.spent = true;
    const { parameters } = found.grant;
    if (form.get("redirect_uri") !== parameters.get("redirect_uri")) return undefined;
    const challenge = await challengeOf(form.get("code_verifier") ?? "");
    return challenge === parameters.get("code_challenge") ? found.grant : undefined;
  }

  async function signAccessToken(grant: Grant, audience: string | null, scope: string): Promise<string> {
    const until = seconds() + accessTokenLifetime;
    const claims = { iss: issuer, sub: grant.user["sub"], aud: audience ?? issuer, client_id: clientId, scope };
    // RFC 9068 2.
    const times = { iat: seconds(), exp: until, jti: randomId() };
    const token = await keys.sign({ ...claims, ...times }, { typ: "at+jwt" });
    accessTokens.set(token, { grant, until });
    return token;
  }

  /** Core 2 and 12.2: what is in an ID Token, and only when it is right. */
  async function idTokenClaims(grant: Grant, accessToken: string, isRefresh: boolean): Promise<Claims> {
    const { parameters, authTime, sid, user } = grant;
    const asked = (name: string) => parameters.get(name);
    return {
      iss: issuer,
      aud: clientId,
      iat: seconds(),
      exp: seconds() + ID_TOKEN_LIFETIME,
      sid,
      at_hash: await atHash(accessToken, options.signingAlg),
      ...(asked("nonce") !== null && !isRefresh ? { nonce: asked("nonce") } : {}),
      ...(asked("max_age") !== null ? { auth_time: authTime } : {}),
      ...(asked("organization") !== null ? { org_id: asked("organization") } : {}),
      ...user,
    };
  }

  async function tokensFor(grant: Grant, form: URLSearchParams, faults: FaultsHere): Promise<Response> {
    const isRefresh = form.get("grant_type") === "refresh_token";
    const granted = grant.parameters.get("scope") ?? "";
    const scope = form.get("scope") ?? granted;
    const audience = form.get("audience") ?? grant.parameters.get("audience");
    const accessToken = await signAccessToken(grant, audience, scope);
    const body: Claims = {
      access_token: accessToken,
      token_type: faults.commits("other_token_type") ? "mac" : "Bearer",
      scope,
    };
    if (!faults.commits("no_expires_in")) body["expires_in"] = accessTokenLifetime;
    if (!isRefresh || rotateRefreshTokens)
      body["refresh_token"] = issue(refreshTokens, grant, Number.POSITIVE_INFINITY);
    if (granted.split(" ").includes("openid") && !faults.commits("no_id_token")) {
      const claims = await idTokenClaims(grant, accessToken, isRefresh);
      body["id_token"] = await keys.sign(spoilClaims(claims, faults, seconds(), isRefresh), {}, faults);
    }
    return Response.json(body, { headers: { "cache-control": "no-store" } });
  }

  return {
    issueCode: (grant: Grant): string => issue(codes, grant, CODE_LIFETIME),
    /** The token endpoint, for a client that has proven who it is. */
    async token(form: URLSearchParams, faults: FaultsHere): Promise<Response> {
      if (faults.commits("invalid_grant")) return refuse("invalid_grant");
      if (form.get("grant_type") === "authorization_code") {
        const grant = await redeem(form);
        return grant ? tokensFor(grant, form, faults) : refuse("invalid_grant");
      }
      if (form.get("grant_type") !== "refresh_token") return refuse("unsupported_grant_type");
      const found = use(refreshTokens, form.get("refresh_token") ?? "");
      if (!found) return refuse("invalid_grant");
      // RFC 6749 6: never more than was granted.
      const granted = (found.grant.parameters.get("scope") ?? "").split(" ");
      const isWithin = (form.get("scope") ?? "").split(" ").every((scope) => scope === "" || granted.includes(scope));
      if (!isWithin) return refuse("invalid_scope");
      found.spent = rotateRefreshTokens;
      return tokensFor(found.grant, form, faults);
    },
    /** Whose access token this is; undefined when it is unknown, revoked or expired. */
    userOf(accessToken: string): Readonly<Claims> | undefined {
      const found = accessTokens.get(accessToken);
      return found && seconds() < found.until ? found.grant.user : undefined;
    },
    /** RFC 7009 2.1: a refresh token takes with it what came of the same sign-in, an access token only itself. */
    revoke(token: string): void {
      const found = refreshTokens.get(token);
      if (found) revokeGrant(found.grant);
      accessTokens.delete(token);
    },
  };
}
