import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair } from "jose";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { verifyAccessToken } from "../../adapters/edge.js";

const SHOWS = "https://api.example/shows";
const PAY = "https://api.example/pay";
const SCOPES: Readonly<Record<string, string>> = { [SHOWS]: "read:shows write:shows", [PAY]: "pay" };

/** A real, certified provider, with a client that asks for access tokens for itself. */
let server: Server;
let issuer: string;
let callback: RequestListener;

beforeAll(async () => {
  server = createServer((req, res) => callback(req, res));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  // Its advice for production, at start-up.
  const quiet = [vi.spyOn(console, "warn"), vi.spyOn(console, "info")].map((spy) => spy.mockImplementation(() => {}));
  // @ts-expect-error: it has no types of its own
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
  for (const spy of quiet) spy.mockRestore();
  callback = provider.callback();
});
afterAll(() => void server.close().closeAllConnections());

/** An access token as the provider issues it. */
async function tokenFor(parameters: Record<string, string>): Promise<string> {
  const answer = await fetch(`${issuer}/token`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa("worker:secret")}` },
    body: new URLSearchParams({ grant_type: "client_credentials", ...parameters }),
  });
  return (await answer.json()).access_token;
}

test("an API takes what oidc-provider issues for it, and nothing else of it", async () => {
  const options = { issuer, audience: SHOWS, scope: "read:shows", profile: "rfc9068" } as const;
  const handler = verifyAccessToken(options).wrap((_request, { claims }) => Response.json(claims));
  const ask = (token: string) => handler(new Request(SHOWS, { headers: { authorization: `Bearer ${token}` } }));

  const welcome = await ask(await tokenFor({ resource: SHOWS, scope: "read:shows" }));
  expect([welcome.status, await welcome.json()]).toMatchObject([200, { iss: issuer, aud: SHOWS, client_id: "worker" }]);
  const refused = [
    await tokenFor({ resource: SHOWS, scope: "write:shows" }),
    await tokenFor({ resource: PAY, scope: "pay" }),
    // Without a resource it issues one that only it can read.
    await tokenFor({}),
  ];
  expect(await Promise.all(refused.map(async (token) => (await ask(token)).status))).toEqual([403, 401, 401]);
});
