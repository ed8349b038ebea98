import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { AccessTokenRefusal } from "../../adapters/edge.js";
import { createTestProvider, type TestProvider } from "../../adapters/testing/index.js";
import { sha256 } from "../../core/bytes.js";
import type { ApiRecipes } from "../support/api-recipes.js";
import { type ServedApis, surfaces } from "../support/apis.js";

const WORK = "https://work.example";
const HOME = "https://home.example/";
const AUDIENCE = "https://api.example";

let work: TestProvider;
let home: TestProvider;
let key: Awaited<ReturnType<typeof generateKeyPair>>;
let jwk: Record<string, unknown>;
let jkt: string;
/** Opaque tokens that the provider knows. */
const opaque = new Map<string, object>();
const refusals: AccessTokenRefusal[] = [];

beforeAll(async () => {
  work = await createTestProvider({ issuer: WORK });
  home = await createTestProvider({ issuer: HOME });
  key = await generateKeyPair("ES256", { extractable: true });
  jwk = { ...(await exportJWK(key.publicKey)) };
  const { kty, crv, x, y } = jwk;
  jkt = await sha256(JSON.stringify({ crv, kty, x, y }));
});
beforeEach(() => void refusals.splice(0));

/** Both providers, and the introspection endpoint of one of them. */
const fetchFromProviders = async (input: unknown, init?: unknown): Promise<Response> => {
  const url = String(input);
  const provider = url.startsWith(WORK) ? work : home;
  if (!url.endsWith("/introspect")) return provider.fetch(url, init as never);
  const request = new Request(url, init as never);
  if (request.headers.get("authorization") !== `Basic ${btoa("api:api-secret")}`)
    return Response.json({ error: "invalid_client" }, { status: 401 });
  const form = new URLSearchParams(await request.text());
  return Response.json(opaque.get(form.get("token") ?? "") ?? { active: false });
};

const recipes = (origin: string): ApiRecipes => {
  const one = { issuer: WORK, audience: AUDIENCE };
  const bound = { ...one, dpop: { baseUrl: origin } };
  const introspection = { clientId: "api", clientSecret: "api-secret", introspectionEndpoint: `${WORK}/introspect` };
  return {
    "/plain": one,
    "/bound": bound,
    "/either": { ...one, dpop: { baseUrl: origin, bearer: true } },
    "/nonce": { ...one, dpop: { baseUrl: origin, nonceSecret: "0123456789abcdef0123456789abcdef" } },
    "/opaque": { ...one, introspection },
    "/misconfigured": { ...one, introspection: { ...introspection, clientSecret: "wrong" } },
    "/several": { audience: AUDIENCE, issuers: [WORK, { issuer: HOME, clientIds: "client" }] },
    "/claims": { ...one, claims: { "realm_access.roles": ["admin", "billing"] } },
    "/step-up": { ...one, stepUp: { acrValues: "phr", maxAge: 300 } },
    "/mcp": {
      ...bound,
      scope: "tools",
      resource: { resource: `${origin}/mcp`, authorizationServers: [WORK], scopesSupported: ["tools"] },
    },
  };
};

const now = () => Math.floor(Date.now() / 1000);

/** An access token of a provider. Undefined removes a claim. */
const tokenOf = (provider: TestProvider, claims: Record<string, unknown> = {}) =>
  provider.sign({ iss: provider.issuer, sub: "alice", aud: AUDIENCE, iat: now(), exp: now() + 300, ...claims });

let proofs = 0;
/** A proof for a request with a token. */
const proofFor = async (url: string, token: string, claims: object = {}) =>
  new SignJWT({ htm: "GET", htu: url, iat: now(), jti: `${proofs++}`, ath: await sha256(token), ...claims })
    .setProtectedHeader({ alg: "ES256", typ: "dpop+jwt", jwk })
    .sign(key.privateKey);

describe.each(Object.entries(surfaces))("%s", (name, serve) => {
  let served: ServedApis;
  beforeAll(async () => {
    served = await serve({
      recipes,
      fetch: fetchFromProviders,
      onRefused: (refusal) => refusals.push(refusal),
    });
  });
  afterAll(() => served.close?.());

  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  /** The status, the challenge and the error of a response. */
  const refusal = async (...request: Parameters<ServedApis["send"]>) => {
    const { status, headers, body } = await served.send(...request);
    expect(headers.get("cache-control")).toBe("no-store");
    return [status, headers.get("www-authenticate"), JSON.parse(body).error];
  };
  const statusOf = async (...request: Parameters<ServedApis["send"]>) => (await served.send(...request)).status;

  test("a bound token is refused as Bearer by an API that knows no DPoP", async () => {
    const token = await tokenOf(work, { cnf: { jkt } });
    expect((await refusal("/plain", bearer(token)))[0]).toBe(401);
    expect(await refusal("/plain", { authorization: `DPoP ${token}`, dpop: "x" })).toEqual([
      401,
      'Bearer realm="api"',
      "no_token",
    ]);
    expect(refusals[0]).toMatchObject({ code: "invalid_token", reason: "cnf" });
  });

  test("a bound token is accepted with a proof, once", async () => {
    const token = await tokenOf(work, { cnf: { jkt } });
    const dpop = await proofFor(`${served.origin}/bound`, token);
    const { status, body } = await served.send("/bound?page=2", { authorization: `DPoP ${token}`, dpop });
    expect([status, JSON.parse(body)]).toMatchObject([200, { token, claims: { sub: "alice" } }]);
    expect(await refusal("/bound?page=2", { authorization: `DPoP ${token}`, dpop })).toEqual([
      401,
      'DPoP realm="api", error="invalid_dpop_proof", algs="ES256 EdDSA Ed25519 PS256 RS256"',
      "invalid_dpop_proof",
    ]);
    expect(refusals).toMatchObject([{ code: "invalid_dpop_proof", reason: "jti" }]);
  });

  test("a proof for another path, method or server is refused", async () => {
    const token = await tokenOf(work, { cnf: { jkt } });
    const headers = async (url: string, claims?: object) => ({
      authorization: `DPoP ${token}`,
      dpop: await proofFor(url, token, claims),
    });
    expect(await statusOf("/bound", await headers(`${served.origin}/either`))).toBe(401);
    expect(await statusOf("/bound", await headers(`${served.origin}/bound`, { htm: "POST" }))).toBe(401);
    expect(await statusOf("/bound", await headers("https://evil.example/bound"))).toBe(401);
    const posted = await served.send("/bound", await headers(`${served.origin}/bound`, { htm: "POST" }), "POST");
    expect(posted.status).toBe(200);
    expect(refusals.map(({ reason }) => reason)).toEqual(["htu", "htm", "htu"]);
  });

  test("two proofs in one request are refused", async () => {
    const token = await tokenOf(work, { cnf: { jkt } });
    const proof = await proofFor(`${served.origin}/bound`, token);
    const headers = { authorization: `DPoP ${token}`, dpop: [proof, proof] };
    // Several headers are joined by commas, which no proof has.
    expect((await refusal("/bound", headers))[2]).toBe("invalid_dpop_proof");
  });

  test("a bound token is never taken as Bearer; an unbound one only where the API says so", async () => {
    const [bound, unbound] = [await tokenOf(work, { cnf: { jkt } }), await tokenOf(work)];
    expect((await refusal("/either", bearer(bound)))[2]).toBe("invalid_token");
    expect((await refusal("/bound", bearer(bound)))[2]).toBe("no_token");
    expect((await refusal("/bound", bearer(unbound)))[2]).toBe("no_token");
    expect(await statusOf("/either", bearer(unbound))).toBe(200);
    const [, challenge] = await refusal("/either");
    expect(challenge).toBe('Bearer realm="api", DPoP realm="api", algs="ES256 EdDSA Ed25519 PS256 RS256"');
  });

  test("an API with nonces gives one, and takes the proof that has it", async () => {
    const token = await tokenOf(work, { cnf: { jkt } });
    const authorization = `DPoP ${token}`;
    const url = `${served.origin}/nonce`;
    const { status, headers } = await served.send("/nonce", { authorization, dpop: await proofFor(url, token) });
    expect([status, headers.get("www-authenticate")]).toEqual([401, expect.stringContaining('error="use_dpop_nonce"')]);
    const nonce = headers.get("dpop-nonce") ?? "";
    expect(nonce).toMatch(/^[\w.~-]+$/);
    expect(await statusOf("/nonce", { authorization, dpop: await proofFor(url, token, { nonce }) })).toBe(200);
    const forged = { nonce: `${nonce.slice(0, -1)}${nonce.endsWith("A") ? "B" : "A"}` };
    expect((await refusal("/nonce", { authorization, dpop: await proofFor(url, token, forged) }))[2]).toBe(
      "use_dpop_nonce",
    );
  });

  test("an opaque token is accepted while the provider calls it active", async () => {
    const token = `opaque-${name.replaceAll(/\W/g, "")}`;
    expect((await refusal("/opaque", bearer(token)))[2]).toBe("invalid_token");
    opaque.set(token, { active: true, sub: "bob", aud: AUDIENCE, token_type: "Bearer", exp: now() + 300 });
    const { status, body } = await served.send("/opaque", bearer(token));
    expect([status, JSON.parse(body)]).toMatchObject([200, { token, claims: { iss: WORK, sub: "bob" } }]);
    expect((await refusal("/plain", bearer(token)))[2]).toBe("invalid_token");
  });

  test("an API that cannot ask the provider answers 503", async () => {
    const { status, headers, body } = await served.send("/misconfigured", bearer("opaque"));
    expect([status, headers.get("retry-after"), JSON.parse(body).error]).toEqual([503, "5", "temporarily_unavailable"]);
    expect(refusals).toMatchObject([{ reason: "client_rejected" }]);
  });

  test("tokens of several providers are accepted, each with its own keys", async () => {
    expect(await statusOf("/several", bearer(await tokenOf(work)))).toBe(200);
    expect(await statusOf("/several", bearer(await tokenOf(home)))).toBe(200);
    expect(await statusOf("/plain", bearer(await tokenOf(home)))).toBe(401);
    expect(await statusOf("/several", bearer(await tokenOf(work, { iss: HOME })))).toBe(401);
    const ofClient = { aud: undefined, client_id: "client" };
    expect(await statusOf("/several", bearer(await tokenOf(home, ofClient)))).toBe(200);
    expect(await statusOf("/several", bearer(await tokenOf(work, ofClient)))).toBe(401);
  });

  test("a token without a required claim gets 403", async () => {
    const roles = (...all: string[]) => ({ realm_access: { roles: all } });
    expect(await statusOf("/claims", bearer(await tokenOf(work, roles("sales", "billing"))))).toBe(200);
    expect(await refusal("/claims", bearer(await tokenOf(work, roles("sales"))))).toEqual([
      403,
      'Bearer realm="api", error="insufficient_scope"',
      "insufficient_scope",
    ]);
    expect(refusals).toMatchObject([{ code: "insufficient_scope", reason: "realm_access.roles" }]);
  });

  test("a token of a user who signed in long ago, or without a second factor, gets a challenge that says so", async () => {
    const challenge = [
      401,
      'Bearer realm="api", error="insufficient_user_authentication", acr_values="phr", max_age="300"',
      "insufficient_user_authentication",
    ];
    const signedIn = (acr: string, ago: number) => tokenOf(work, { acr, auth_time: now() - ago });
    expect(await statusOf("/step-up", bearer(await signedIn("phr", 60)))).toBe(200);
    expect(await refusal("/step-up", bearer(await signedIn("pwd", 60)))).toEqual(challenge);
    expect(await refusal("/step-up", bearer(await signedIn("phr", 3600)))).toEqual(challenge);
  });

  test("the challenge leads to the metadata of the API, which names its provider (RFC 9728)", async () => {
    const url = `${served.origin}/.well-known/oauth-protected-resource/mcp`;
    expect((await refusal("/mcp"))[1]).toBe(
      `DPoP realm="api", scope="tools", resource_metadata="${url}", algs="ES256 EdDSA Ed25519 PS256 RS256"`,
    );
    // The Pages Router serves nothing outside of `/api`: a route handler of the App Router has the metadata.
    if (name === "Next Pages Router") return;
    const { status, headers, body } = await served.send(new URL(url).pathname);
    expect([status, headers.get("content-type"), headers.get("access-control-allow-origin")]).toEqual([
      200,
      "application/json",
      "*",
    ]);
    expect(JSON.parse(body)).toEqual({
      resource: `${served.origin}/mcp`,
      authorization_servers: [WORK],
      scopes_supported: ["tools"],
      bearer_methods_supported: ["header"],
    });
    expect((await served.send(new URL(url).pathname, {}, "OPTIONS")).status).toBe(204);
  });
});
