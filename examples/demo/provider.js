import { randomBytes } from "node:crypto";
import { exportJWK, generateKeyPair } from "jose";
import { findAccount } from "./accounts.js";
import { handleInteraction } from "./interactions.js";
import { close, listen } from "./listen.js";
import { errorPage, signedOutPage, signOutPage } from "./provider-pages.js";

/**
 * Two warnings that oidc-provider logs at start-up and that the demo hides. Both are expected here: oidc-provider
 * recommends Node 22 ("Unsupported runtime"), while the tests of this repository also run it on Node 20; and it keeps its
 * data in memory, which suits a demo.
 */
const expectedWarnings = [
  "oidc-provider WARNING: Unsupported runtime.",
  "oidc-provider WARNING: a quick start development-only in-memory",
];

/** @template T @param {() => Promise<T>} work @returns {Promise<T>} */
async function withoutExpectedWarnings(work) {
  const { warn } = console;
  console.warn = (...args) => {
    if (!expectedWarnings.some((line) => String(args[0]).includes(line))) warn(...args);
  };
  try {
    return await work();
  } finally {
    console.warn = warn;
  }
}

/**
 * A successful token request. It contains the refresh token, so that a test can send it again: never print it.
 * @typedef {object} Grant
 * @property {string} grantType
 * @property {string} [presented] the refresh token that the client sent
 * @property {boolean} rotated whether a new refresh token took its place
 */

/**
 * @typedef {object} ProviderOptions
 * @property {number} [port] the port to prefer; a free one by default
 * @property {string} [host] the provider's host name, by default "localhost"
 * @property {Array<Record<string, unknown>>} clients client metadata (OpenID Connect Dynamic Client Registration 1.0, 2)
 * @property {Record<string, string>} [apis] the APIs that access tokens may be for: resource indicator and scopes of each
 * @property {boolean} [registration] whether clients may register themselves, for the scopes of `apis`
 * @property {number} [accessTokenLifetime] seconds, by default 60
 * @property {(grant: Grant) => void} [onGrant] called after every successful token request
 * @property {() => void} [onRevoke] called when a grant is revoked
 */

/** @param {ProviderOptions} options @param {object} key the private signing key as JWK @param {any} errors */
const configure = ({ clients, apis = {}, registration = false, accessTokenLifetime = 60 }, key, errors) => ({
  clients,
  // A client that registers itself names the scopes that it will request.
  ...(registration && {
    scopes: ["openid", "offline_access", ...Object.values(apis).flatMap((all) => all.split(" "))],
  }),
  jwks: { keys: [{ ...key, alg: "RS256", use: "sig" }] },
  cookies: { keys: [randomBytes(32).toString("hex")] },
  claims: { openid: ["sub"], profile: ["name", "nickname"], email: ["email", "email_verified"] },
  // Put name and email into the ID Token even if the client could fetch them from the userinfo endpoint.
  conformIdTokenClaims: false,
  rotateRefreshToken: true,
  // CORS: pages on the origin of a client's redirect URI may call the provider.
  clientBasedCORS: (/** @type {unknown} */ _ctx, /** @type {string} */ origin, /** @type {any} */ client) =>
    client.redirectUris.some((/** @type {string} */ uri) => new URL(uri).origin === origin),
  pkce: { required: () => true },
  /** @param {unknown} _ctx @param {string} sub */
  findAccount: (_ctx, sub) => findAccount(sub),
  interactions: { url: (/** @type {unknown} */ _ctx, /** @type {{ uid: string }} */ { uid }) => `/interaction/${uid}` },
  renderError: errorPage,
  ttl: {
    AccessToken: accessTokenLifetime,
    IdToken: 3600,
    Interaction: 900,
    RefreshToken: 14 * 86400,
    Session: 14 * 86400,
    Grant: 14 * 86400,
  },
  features: {
    devInteractions: { enabled: false },
    registration: { enabled: registration },
    // A client may revoke its own tokens only (RFC 7009 2.1).
    revocation: {
      enabled: true,
      allowedPolicy: (/** @type {unknown} */ _ctx, /** @type {any} */ client, /** @type {any} */ token) =>
        token.clientId === client.clientId,
    },
    rpInitiatedLogout: { enabled: true, logoutSource: signOutPage, postLogoutSuccessSource: signedOutPage },
    // RFC 8707: `resource` names the API, and its access tokens are JWTs (RFC 9068) with that API as audience.
    resourceIndicators: {
      enabled: true,
      useGrantedResource: () => true,
      /** @param {unknown} _ctx @param {string} resource */
      getResourceServerInfo: (_ctx, resource) => {
        const scope = apis[resource];
        if (scope === undefined) throw new errors.InvalidTarget();
        return { scope, audience: resource, accessTokenFormat: "jwt", accessTokenTTL: accessTokenLifetime };
      },
    },
  },
});

/**
 * Starts a real, certified OpenID Provider on loopback: oidc-provider with rotating refresh tokens, revocation, JWT access
 * tokens for `apis`, and a sign-in form that accepts any name with the password "demo".
 * @param {ProviderOptions} options
 */
export async function startProvider(options) {
  const { host = "localhost", port = 0, onGrant = () => {}, onRevoke = () => {} } = options;
  const { server, origin: issuer } = await listen(host, port);
  const provider = await withoutExpectedWarnings(async () => {
    const { default: Provider, errors } = await import("oidc-provider");
    const { privateKey } = await generateKeyPair("RS256", { extractable: true });
    return new Provider(issuer, configure(options, await exportJWK(privateKey), errors));
  });
  provider.on("grant.revoked", onRevoke);
  provider.on("grant.success", ({ oidc: { params, entities } }) =>
    onGrant({
      grantType: params.grant_type,
      presented: params.refresh_token,
      rotated: entities.RotatedRefreshToken !== undefined,
    }),
  );
  const handleProtocol = provider.callback();
  server.on("request", (request, response) => {
    if (request.url?.startsWith("/interaction/")) handleInteraction(provider, request, response);
    else handleProtocol(request, response);
  });
  return { issuer, close: () => close(server) };
}
