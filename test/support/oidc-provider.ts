import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair } from "jose";

/** `oidc-provider` on a free port of loopback, with one client. */
export async function startOidcProvider(
  client: { redirectUri: string; clientSecret: string },
  pushedRequests: boolean,
) {
  // oidc-provider writes advice for production at start-up.
  const { warn } = console;
  console.warn = () => {};
  // @ts-expect-error The package has no types.
  const { default: Provider } = await import("oidc-provider");
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `http://localhost:${(server.address() as AddressInfo).port}`;
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: "client",
        client_secret: client.clientSecret,
        application_type: "native",
        redirect_uris: [client.redirectUri],
      },
    ],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: "RS256", use: "sig" }] },
    cookies: { keys: [randomBytes(32).toString("hex")] },
    claims: { openid: ["sub"], profile: ["name"], email: ["email"] },
    features: { pushedAuthorizationRequests: { enabled: pushedRequests }, devInteractions: { enabled: false } },
  } as never);
  server.on("request", provider.callback());
  console.warn = warn;
  return {
    issuer,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
