import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { exportJWK, generateKeyPair } from "jose";
import { freePort } from "../../support/process.js";
import type { ClientRegistration, Provider } from "../provider.js";

const USER = { name: "Alice", email: "alice@example.com" };
const manifest = new URL("../../../node_modules/oidc-provider/package.json", import.meta.url);

const client = ({ id, secret, publicKey, redirectUri, postLogoutUri, backchannelUri }: ClientRegistration) => ({
  client_id: id,
  ...(secret ? { client_secret: secret } : {}),
  ...(publicKey ? { jwks: { keys: [publicKey] } } : {}),
  token_endpoint_auth_method: publicKey ? "private_key_jwt" : secret ? "client_secret_basic" : "none",
  ...(publicKey ? { token_endpoint_auth_signing_alg: "ES256" } : {}),
  // A native client may have a redirect URI on this machine.
  application_type: secret || publicKey ? "native" : "web",
  grant_types: ["authorization_code", "refresh_token"],
  redirect_uris: [redirectUri],
  post_logout_redirect_uris: [postLogoutUri],
  ...(backchannelUri ? { backchannel_logout_uri: backchannelUri, backchannel_logout_session_required: true } : {}),
});

async function configuration(clients: readonly ClientRegistration[]): Promise<object> {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  return {
    clients: clients.map(client),
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: "1", alg: "RS256", use: "sig" }] },
    cookies: { keys: ["only for the tests"] },
    claims: { openid: ["sub"], profile: ["name"], email: ["email"] },
    findAccount: async (_context: unknown, sub: string) => ({ accountId: sub, claims: async () => ({ sub, ...USER }) }),
    rotateRefreshToken: true,
    issueRefreshToken: () => true,
    // The origins of a public client are those of its redirect URIs.
    clientBasedCORS: (_context: unknown, origin: string, { redirectUris }: { redirectUris: string[] }) =>
      redirectUris.some((uri) => new URL(uri).origin === origin),
    // The package's own fetch refuses hosts on this machine.
    fetch: (url: string, { dispatcher: _refusing, ...options }: RequestInit & { dispatcher?: unknown }) =>
      fetch(url, options),
    features: {
      devInteractions: { enabled: true },
      revocation: { enabled: true },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: { enabled: true },
      pushedAuthorizationRequests: { enabled: true },
    },
  };
}

/** oidc-provider, written in JavaScript, with the pages that it has for development. */
export const oidcProvider: Provider = {
  name: "oidc-provider",
  missing: undefined,
  version: () => JSON.parse(readFileSync(manifest, "utf8")).version,
  user: USER,
  options: { userinfo: true },
  async start(clients) {
    const port = await freePort();
    const issuer = `http://localhost:${port}`;
    // The package writes advice for production at start-up, and later about each default.
    const { warn, info } = console;
    Object.assign(console, { warn() {}, info() {} });
    // @ts-expect-error The package has no types.
    const { default: Implementation } = await import("oidc-provider");
    const provider = new Implementation(issuer, await configuration(clients));
    const server = createServer(provider.callback());
    await new Promise<void>((resolve) => server.listen(port, "localhost", resolve));
    return {
      issuer,
      pages: {
        password: {
          selector: "[name=login]",
          async answer(page) {
            await page.fill("[name=login]", "alice");
            await page.fill("[name=password]", "any");
            await page.click("[type=submit]");
          },
        },
        consent: { selector: "[name=prompt][value=consent] + button", answer: (page) => page.click("[type=submit]") },
        "sign-out": { selector: "button[name=logout]", answer: (page) => page.click("button[name=logout]") },
      },
      async stop() {
        const closed = new Promise((resolve) => server.close(resolve));
        server.closeAllConnections();
        await closed;
        Object.assign(console, { warn, info });
      },
    };
  },
};
