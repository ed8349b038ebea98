// oidc-provider on loopback, in its own process. It signs every user in as Ada and grants everything, without pages, because
// the bench measures the apps. It records the requests of the apps' servers.
import { randomBytes } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { exportJWK, generateKeyPair } from "jose";
import { findAccount } from "../../examples/demo/accounts.js";
import { listen } from "../../examples/demo/listen.js";
import { handleMessages } from "./child.js";

// oidc-provider writes advice for production there at start-up.
console.warn = () => {};
const { default: Provider } = await import("oidc-provider");
const { default: MemoryAdapter } = await import("oidc-provider/lib/adapters/memory_adapter.js");

const PURPOSES = {
  "/.well-known/openid-configuration": "discovery",
  "/jwks": "keys",
  "/token": "token",
  "/me": "userinfo",
};

/** The endpoints whose responses wait until both have a request. */
const WAITING = ["token", "keys"];
/**
 * Milliseconds for which a token response waits for a request for the keys, and a response with the keys for a token
 * request. An app that makes the second request only after the first response waits the whole time.
 */
let longestWait = 0;
/** For each of these endpoints: reports that a request arrived. */
const arrivals = new EventEmitter();
/** @type {Set<string>} the endpoints with a request since the last reset */
let arrived = new Set();
/** Lifetimes in seconds of access tokens from a sign-in and from a refresh. */
let lifetimes = { signIn: 3600, refresh: 3600 };
/** @type {import("./provider.js").ServerRequest[]} */
let record = [];

/** @param {import("./provider.js").Client[]} clients */
async function configure(clients) {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const store = new Map();
  const days = 86_400;
  return {
    clients: clients.map(({ id, secret, authentication, callbacks }) => ({
      client_id: id,
      client_secret: secret,
      token_endpoint_auth_method: authentication,
      // The apps' ports are not known in advance; a native app may use any port on loopback (RFC 8252 7.3).
      application_type: "native",
      grant_types: ["authorization_code", "refresh_token"],
      redirect_uris: callbacks.map((path) => `http://127.0.0.1${path}`),
    })),
    // oidc-provider's default in-memory adapter evicts entries after some hundred tokens.
    adapter: (model) => new MemoryAdapter(model, store),
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: "RS256", use: "sig" }] },
    cookies: { keys: [randomBytes(32).toString("hex")] },
    claims: { openid: ["sub"], profile: ["name", "nickname"], email: ["email", "email_verified"] },
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    findAccount: (_ctx, sub) => findAccount(sub),
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    rotateRefreshToken: true,
    issueRefreshToken: () => true,
    expiresWithSession: () => false,
    ttl: {
      AccessToken: ({ oidc }) => lifetimes[oidc.params.grant_type === "refresh_token" ? "refresh" : "signIn"],
      IdToken: 3600,
      Interaction: 900,
      RefreshToken: 14 * days,
      Session: 14 * days,
      Grant: 14 * days,
    },
    features: {
      devInteractions: { enabled: false },
      // The same flow for all: latchkey uses PAR wherever the provider offers it, the others only if configured.
      pushedAuthorizationRequests: { enabled: false },
    },
  };
}

/** Completes the sign-in and the consent without pages. */
async function completeInteraction(provider, request, response) {
  const { prompt, session, params, grantId } = await provider.interactionDetails(request, response);
  if (prompt.name === "login") {
    return provider.interactionFinished(request, response, { login: { accountId: "ada" } });
  }
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope("openid profile email offline_access");
  const result = { consent: { grantId: await grant.save() } };
  return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
}

/** Resolves when a request for the other endpoint has arrived, or after the waiting time. */
async function untilBothArrived(purpose) {
  const other = WAITING.find((one) => one !== purpose);
  arrived.add(purpose);
  arrivals.emit(purpose);
  if (!arrived.has(other)) await once(arrivals, other, { signal: AbortSignal.timeout(longestWait) }).catch(() => {});
}

/** Records a request that no browser made; browsers of the bench mark their navigations. */
function recordRequest(request, path) {
  if (request.headers["sec-fetch-dest"] === "document") return;
  record.push({ purpose: PURPOSES[path] ?? path, at: performance.now() });
}

handleMessages(async ({ clients }) => {
  const { server, origin: issuer } = await listen("localhost", 0);
  // Connections stay open while other apps have their turns.
  server.keepAliveTimeout = 60_000;
  const provider = new Provider(issuer, await configure(clients));
  const protocol = provider.callback();
  server.on("request", (request, response) => {
    const path = request.url.split("?")[0];
    recordRequest(request, path);
    if (path.startsWith("/interaction/")) completeInteraction(provider, request, response);
    else if (longestWait > 0 && WAITING.includes(PURPOSES[path])) {
      untilBothArrived(PURPOSES[path]).then(() => protocol(request, response));
    } else protocol(request, response);
  });
  const operations = {
    take() {
      const taken = record;
      record = [];
      return taken;
    },
    delayUntilBoth(milliseconds) {
      longestWait = milliseconds;
      arrived = new Set();
    },
    setLifetimes(next) {
      lifetimes = next;
    },
    async validTokens(tokens) {
      const stored = await Promise.all(tokens.map((token) => provider.AccessToken.find(token)));
      return tokens.filter((_token, index) => stored[index] && !stored[index].isExpired);
    },
  };
  return { ready: { issuer }, handle: ({ name, value }) => operations[name](value) };
});
