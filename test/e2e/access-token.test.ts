import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair } from "jose";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { verifyAccessToken } from "../../adapters/edge.js";

const SHOWS = "https://api.example/shows";
const PAY = "https://api.example/pay";
const SCOPES: Readonly<Record<string, string>> = { [SHOWS]: "read:shows write:shows", [PAY]: "pay" };

/** A real, certified provider, with a client that gets access tokens by the client credentials grant. */
let server: Server;
let issuer: string;
let handleProtocol: RequestListener;

beforeAll(async () => {
  server = createServer((req, res) => handleProtocol(req, res));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  // oidc-provider logs warnings at start-up.
  const spies = [vi.spyOn(console, "warn"), vi.spyOn(console, "info")].map((spy) => spy.mockImplementation(() => {}));
  // @ts-expect-error: oidc-provider has no types
  const { default: Provider, errors } = await import("oidc-provider");
  const provider = new Provider(issuer, {
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: "RS256", use: "sig" }] },
    clients: [
      {
        client_id: "worker",
        client_secret: "secret",
        grant_types: ["client_credentials"],
        redirect_uris: [],
        response_types: [],
      },
    ],
    ttl: { ClientCredentials: 60 },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo(_context: unknown, resource: string) {
          const scope = SCOPES[resource];
          if (!scope) throw new errors.InvalidTarget();
          return { scope, audience: resource, accessTokenFormat: "jwt", accessTokenTTL: 60 };
        },
      },
    },
  });
  for (const spy of spies) spy.mockRestore();
  handleProtocol = provider.callback();
});
afterAll(() => void server.close().closeAllConnections());

/** Requests an access token from the provider. */
async function tokenFor(parameters: Record<string, string>): Promise<string> {
  const response = await fetch(`${issuer}/token`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa("worker:secret")}` },
    body: new URLSearchParams({ grant_type: "client_credentials", ...parameters }),
  });
  return (await response.json()).access_token;
}

test("an API accepts oidc-provider's access tokens for its audience and scope, and refuses all others", async () => {
  const options = { issuer, audience: SHOWS, scope: "read:shows", profile: "rfc9068" } as const;
  const handler = verifyAccessToken(options).wrap((_request, { claims }) => Response.json(claims));
  const callApi = (token: string) => handler(new Request(SHOWS, { headers: { authorization: `Bearer ${token}` } }));

  const accepted = await callApi(await tokenFor({ resource: SHOWS, scope: "read:shows" }));
  expect([accepted.status, await accepted.json()]).toMatchObject([
    200,
    { iss: issuer, aud: SHOWS, client_id: "worker" },
  ]);
  const otherTokens = [
    await tokenFor({ resource: SHOWS, scope: "write:shows" }),
    await tokenFor({ resource: PAY, scope: "pay" }),
    // Without `resource` the provider issues an opaque token.
    await tokenFor({}),
  ];
  expect(await Promise.all(otherTokens.map(async (token) => (await callApi(token)).status))).toEqual([403, 401, 401]);
});
