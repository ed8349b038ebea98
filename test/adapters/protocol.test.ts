import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair } from "jose";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type AuthOptions, auth, type LatchkeyEvent, type RequestAuth } from "../../adapters/node.js";
import { clientSecretJwt, encryptedIdTokens } from "../../adapters/providers/index.js";
import { type CookieJar, createCookieJar } from "../../adapters/testing/index.js";
import { type MachineProviderOptions, startProvider } from "../machines/provider.js";

// Parts of the protocol that a provider switches on for one client, against oidc-provider over HTTP.

let server: Server;
let url: string;
let events: LatchkeyEvent[];
let jar: CookieJar;
const ends: Array<() => unknown> = [];

beforeEach(async () => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  events = [];
  jar = createCookieJar();
  server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://localhost:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.close().closeAllConnections();
  for (const end of ends.splice(0)) await end();
  vi.restoreAllMocks();
});

/** Starts the provider and the app, whose page shows the session, and whose `/token` a token for an audience. */
async function start(provider: Omit<MachineProviderOptions, "redirectUri">, options: AuthOptions) {
  const started = await startProvider({ redirectUri: `${url}/auth/callback`, ...provider });
  ends.push(() => started.stop());
  const { issuer, clientId, clientSecret } = started;
  const secret = "a secret of at least thirty-two characters";
  const onEvent = (event: LatchkeyEvent) => events.push(event);
  const signIn = auth({ issuer, clientId, clientSecret, secret, baseUrl: url, onEvent, ...options });
  server.on("request", (req, res) =>
    signIn(req, res, async () => {
      const { auth: request } = req as unknown as { auth: RequestAuth };
      const { pathname, searchParams } = new URL(`${req.url}`, url);
      try {
        if (pathname === "/enter") return await request.login(JSON.parse(`${searchParams.get("options")}`));
        const token =
          pathname === "/token" && (await request.getAccessToken({ audience: `${searchParams.get("for")}` }));
        res.end(JSON.stringify(token ? { token } : request.session));
      } catch (error) {
        res.writeHead(500).end(JSON.stringify({ error: (error as Error).message }));
      }
    }),
  );
}

/** Follows the redirects of a navigation through the app and the provider, and returns the last response. */
async function visit(path: string): Promise<{ status: number; body: string }> {
  let target = new URL(path, url).href;
  for (;;) {
    const headers = { cookie: jar.header(target), "sec-fetch-mode": "navigate", accept: "text/html" };
    const response = await fetch(target, { redirect: "manual", headers });
    jar.store(response, target);
    const location = response.headers.get("location");
    const body = await response.text();
    if (!location) return { status: response.status, body };
    target = new URL(location, target).href;
  }
}

/** Signs in with these options of `login`, and shows the session. The fetch of Node is no navigation, as the login route wants one. */
const enter = (options: object = {}) =>
  visit(`/enter?${new URLSearchParams({ options: JSON.stringify({ returnTo: "/", ...options }) })}`);

const failures = () => events.flatMap((event) => (event.type === "failed" ? [event.error.message] : []));

test.each(["RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A256KW"])(
  "an ID Token that is encrypted by %s signs the user in",
  async (alg) => {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
    const key = { ...(await exportJWK(privateKey)), alg };
    const jwks = { keys: [{ ...(await exportJWK(publicKey)), alg, use: "enc", kid: "enc" }] };
    const metadata = { jwks, id_token_encrypted_response_alg: alg, id_token_encrypted_response_enc: "A256GCM" };
    await start(
      {
        client: metadata,
        features: { encryption: { enabled: true } },
        configuration: { enabledJWA: { idTokenEncryptionAlgValues: [alg] } },
      },
      { differences: { identify: encryptedIdTokens(JSON.stringify(key)) } },
    );
    const { body } = await enter();
    expect([JSON.parse(body).user?.sub, failures()]).toEqual(["ada", []]);
  },
);

test("an ID Token that is not encrypted, or for another key, is refused where encryption is configured", async () => {
  const { privateKey } = await generateKeyPair("ECDH-ES", { extractable: true });
  const key = { ...(await exportJWK(privateKey)), alg: "ECDH-ES" };
  await start({}, { differences: { identify: encryptedIdTokens(key) } });
  const { status, body } = await enter();
  expect(status).toBe(502);
  expect(body).toContain("<code>id_token_invalid</code>");
});

test.each<[what: string, key: object | string | undefined, says: RegExp]>([
  ["no key", undefined, /must be a private JWK/],
  ["text that is no JSON", "secret-text", /must be a private JWK/],
  ["a public key", { kty: "EC", alg: "ECDH-ES" }, /must be a private JWK/],
  ["a key without alg", { kty: "EC", d: "secret-d" }, /must have an asymmetric alg/],
  ["RSA1_5", { kty: "RSA", d: "secret-d", alg: "RSA1_5" }, /must have an asymmetric alg/],
  ["a shared secret", { kty: "oct", d: "secret-d", alg: "dir" }, /must have an asymmetric alg/],
])("encryptedIdTokens refuses %s at start-up, and quotes nothing of it", (_what, key, says) => {
  expect(() => encryptedIdTokens(key)).toThrow(says);
  expect(() => encryptedIdTokens(key)).not.toThrow(/secret-/);
});

test("a client authenticates by a JWT that its secret signed", async () => {
  const clientSecret = "a client secret of more than thirty-two bytes";
  const metadata = { token_endpoint_auth_method: "client_secret_jwt" };
  await start(
    { clientSecret, client: metadata, configuration: { clientAuthMethods: ["client_secret_jwt"] } },
    { clientAuthentication: clientSecretJwt(clientSecret) },
  );
  const { body } = await enter();
  expect([JSON.parse(body).user?.sub, failures()]).toEqual(["ada", []]);
  expect(() => clientSecretJwt("short").check?.()).toThrow(/32 bytes/);
});

test("an acr that the provider has signs the user in, and another one does not", async () => {
  await start({ acr: "phr", configuration: { acrValues: ["phr", "phrh"] } }, {});
  const { body } = await enter({ acrValues: "phr", maxAge: 300 });
  expect(JSON.parse(body)).toMatchObject({ acr: "phr", authenticatedAt: expect.any(Number) });
  const refused = await enter({ acrValues: "phrh" });
  expect(refused.status).toBe(403);
});

test("a provider with resource indicators gives each API a token of its own", async () => {
  const resources = ["https://shows.example/", "https://orders.example/"];
  const info = { scope: "read", accessTokenFormat: "jwt", accessTokenTTL: 3600, jwt: { sign: { alg: "RS256" } } };
  await start(
    {
      features: {
        resourceIndicators: {
          enabled: true,
          getResourceServerInfo: (_context: unknown, resource: string) => ({ ...info, audience: resource }),
          useGrantedResource: () => true,
        },
      },
    },
    {
      resourceIndicators: true,
      audience: resources,
      scope: "openid offline_access",
      authorizationParams: { prompt: "consent" },
    },
  );
  await enter();
  const { body } = await visit(`/token?for=${encodeURIComponent(`${resources[1]}`)}`);
  const { token = "", error } = JSON.parse(body);
  expect([error, failures()]).toEqual([undefined, []]);
  expect(JSON.parse(Buffer.from(`${token.split(".")[1]}`, "base64url").toString()).aud).toBe(resources[1]);
});
