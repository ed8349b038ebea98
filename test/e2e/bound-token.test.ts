import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, type GenerateKeyPairResult, generateKeyPair, SignJWT } from "jose";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { dpop } from "../../adapters/dpop.js";
import { introspection, verifyAccessToken } from "../../adapters/edge.js";
import { sha256 } from "../../core/bytes.js";

const SHOWS = "https://api.example/shows";

/** A real, certified provider that binds tokens to keys (RFC 9449) and introspects opaque ones (RFC 7662). */
let server: Server;
let issuer: string;
let handleProtocol: RequestListener;
let createRefreshToken: () => Promise<string>;
let key: GenerateKeyPairResult;

beforeAll(async () => {
  server = createServer((req, res) => handleProtocol(req, res));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  key = await generateKeyPair("ES256", { extractable: true });
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  // oidc-provider logs warnings at start-up.
  const spies = [vi.spyOn(console, "warn"), vi.spyOn(console, "info")].map((spy) => spy.mockImplementation(() => {}));
  // @ts-expect-error: oidc-provider has no types
  const { default: Provider } = await import("oidc-provider");
  const client = { client_secret: "secret", redirect_uris: [], response_types: [] };
  const provider = new Provider(issuer, {
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: "RS256", use: "sig" }] },
    clients: [
      { ...client, client_id: "worker", grant_types: ["client_credentials"] },
      { ...client, client_id: "api", grant_types: [] },
    ],
    ttl: { ClientCredentials: 60, RefreshToken: 60, Grant: 60 },
    scopes: ["openid", "offline_access", "read:shows"],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      dPoP: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context: unknown, resource: string) => ({
          scope: "read:shows",
          audience: SHOWS,
          accessTokenFormat: resource === SHOWS ? "jwt" : "opaque",
          accessTokenTTL: 60,
        }),
      },
    },
  });
  for (const spy of spies) spy.mockRestore();
  handleProtocol = provider.callback();
  createRefreshToken = async () => {
    const owner = { accountId: "alice", clientId: "worker" };
    const grantId = await new provider.Grant(owner).save();
    const worker = await provider.Client.find("worker");
    const token = new provider.RefreshToken({ ...owner, client: worker, grantId, scope: "read:shows", gty: "x" });
    return token.save();
  };
});
afterAll(() => void server.close().closeAllConnections());

let count = 0;
const proofFor = async (htm: string, htu: string, claims: object = {}) =>
  new SignJWT({ htm, htu, iat: Math.floor(Date.now() / 1000), jti: `${count++}`, ...claims })
    .setProtectedHeader({ alg: "ES256", typ: "dpop+jwt", jwk: await exportJWK(key.publicKey) })
    .sign(key.privateKey);

/** Requests an access token from the provider. */
async function tokenFor(resource: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${issuer}/token`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa("worker:secret")}`, ...headers },
    body: new URLSearchParams({ grant_type: "client_credentials", resource, scope: "read:shows" }),
  });
  return (await response.json()) as { access_token: string; token_type: string };
}

const asClient = { clientId: "api", clientSecret: "secret" };

test("an API accepts the tokens that oidc-provider bound to a key, JWT or opaque, with the scheme DPoP alone", async () => {
  const { verify } = verifyAccessToken({
    issuer,
    audience: SHOWS,
    scope: "read:shows",
    dpop: dpop({ baseUrl: "https://api.example", bearer: true }),
    introspection: introspection(asClient),
  });
  for (const resource of [SHOWS, "https://api.example/opaque"]) {
    const { access_token: token, token_type: type } = await tokenFor(resource, {
      dpop: await proofFor("POST", `${issuer}/token`),
    });
    expect(type).toBe("DPoP");
    const proof = await proofFor("GET", SHOWS, { ath: await sha256(token) });
    const callApi = (headers: Record<string, string>) => verify(new Request(SHOWS, { headers }));
    const accepted = await callApi({ authorization: `DPoP ${token}`, dpop: proof });
    expect(accepted.claims).toMatchObject({ iss: issuer, sub: "worker", client_id: "worker", cnf: expect.anything() });
    expect((await callApi({ authorization: `DPoP ${token}`, dpop: proof })).response?.status).toBe(401);
    expect((await callApi({ authorization: `Bearer ${token}` })).response?.status).toBe(401);
  }
});

test("an API accepts oidc-provider's opaque access tokens, and no refresh token", async () => {
  const reasons: Array<string | undefined> = [];
  const { verify } = verifyAccessToken({
    issuer,
    audience: SHOWS,
    introspection: introspection({ ...asClient, mayLack: ["aud"] }),
    onRefused: ({ reason }) => reasons.push(reason),
  });
  const callApi = (token: string) => verify(new Request(SHOWS, { headers: { authorization: `Bearer ${token}` } }));
  const { access_token: token } = await tokenFor("https://api.example/opaque");
  expect((await callApi(token)).claims).toMatchObject({ iss: issuer, client_id: "worker", scope: "read:shows" });
  expect((await callApi("unknown")).response?.status).toBe(401);
  expect((await callApi(await createRefreshToken())).response?.status).toBe(401);
  expect(reasons).toEqual(["active", "token_type"]);
});
