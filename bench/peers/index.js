/**
 * One library that turns a session into a cookie value and back.
 * @typedef {object} Peer
 * @property {string} name
 * @property {string} [note] How it differs from the others.
 * @property {boolean} [ours]
 * @property {number} [mostSealed] The length of the longest value that it opens.
 * @property {(session: object) => Codec | Promise<Codec>} create
 *
 * @typedef {{ seal(): string | Promise<string>, open(sealed: string): unknown }} Codec
 */

/** In the order of the tables. Each is loaded separately, so that a missing one does not affect the others. */
const LOADERS = {
  latchkey: async () => [(await import("./latchkey.js")).default],
  "node:crypto": async () => {
    const { plain, tuned } = await import("./by-hand.js");
    return [plain, tuned];
  },
  "Web Crypto": async () => [(await import("./web-crypto.js")).default],
  "@fastify/secure-session": async () => [(await import("./secure-session.js")).default],
  "cookie-session": async () => [(await import("./cookie-session.js")).default],
  "express-openid-connect": async () => [(await import("./express-openid-connect.js")).default],
  jose: async () => [(await import("./jose.js")).default],
  "@auth0/nextjs-auth0": async () => [(await import("./nextjs-auth0.js")).default],
  "@auth/core": async () => [(await import("./auth-core.js")).default],
  "iron-session": async () => [(await import("./iron-session.js")).default],
  h3: async () => [(await import("./h3.js")).default],
  "better-auth": async () => {
    const { encrypted, signed } = await import("./better-auth.js");
    return [signed, encrypted];
  },
};

/** @returns {Promise<{ peers: Peer[], skipped: string[] }>} the peers that can be loaded, and why the others cannot */
export async function loadPeers() {
  const peers = [];
  const skipped = [];
  for (const [name, load] of Object.entries(LOADERS)) {
    try {
      peers.push(...(await load()));
    } catch (error) {
      skipped.push(`${name}: ${error.message}`);
    }
  }
  return { peers, skipped };
}
