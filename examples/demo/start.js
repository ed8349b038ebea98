import { randomBytes } from "node:crypto";
import { startApi } from "./api.js";
import { createApp, createLog } from "./app.js";
import { close, listen, listenOnIPv6 } from "./listen.js";
import { startProvider } from "./provider.js";

/**
 * Starts the three servers. Cookies ignore ports (RFC 6265 8.5), so the provider is on "localhost" and the app on
 * "127.0.0.1": neither receives the other's cookies.
 * @param {object} options
 * @param {(event: any) => void} [options.onEvent] receives latchkey's events
 * @param {{ app?: number, provider?: number, api?: number }} [options.ports] preferred ports; free ones by default
 * @param {Partial<typeof import("./app.js").limits>} [options.session] limits that replace the demo's
 */
export async function start({ onEvent = () => {}, ports = {}, session = {} } = {}) {
  const client = { id: "planetarium", secret: randomBytes(32).toString("base64url") };
  /** @type {import("./provider.js").Grant[]} */
  const grants = [];
  let revoked = 0;
  const log = createLog(onEvent);
  const { server, origin: baseUrl } = await listen("127.0.0.1", ports.app ?? 0);
  await listenOnIPv6(server);
  const api = await startApi({ port: ports.api ?? 0, issuer: () => provider.issuer });
  const provider = await startProvider({
    port: ports.provider ?? 0,
    apis: { [api.origin]: "read:shows" },
    onGrant: (grant) => grants.push(grant),
    onRevoke: () => {
      revoked += 1;
    },
    clients: [
      {
        client_id: client.id,
        client_secret: client.secret,
        grant_types: ["authorization_code", "refresh_token"],
        redirect_uris: [`${baseUrl}/auth/callback`],
        post_logout_redirect_uris: [`${baseUrl}/`],
      },
    ],
  });
  const { issuer } = provider;
  const secret = randomBytes(32).toString("base64url");
  server.on(
    "request",
    createApp({
      baseUrl,
      issuer,
      api: api.origin,
      clientId: client.id,
      clientSecret: client.secret,
      secret,
      log,
      session,
    }),
  );
  const stop = () => Promise.all([close(server), api.close(), provider.close()]);
  return {
    world: { app: baseUrl, issuer, api: api.origin, client, grants, revoked: () => revoked },
    clearEvents: log.clear,
    stop,
  };
}
