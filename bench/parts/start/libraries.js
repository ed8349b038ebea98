/**
 * A library and the module to bundle and import. `code`: an ES module that runs in the bench's folder. `runs`: the kind of
 * runtime for which it is bundled.
 * @typedef {{ name: string, ours?: boolean, code: string, from: string, runs: "edge" | "node" | "page", note?: string }} Library
 */

/** The module of a library: `from` with the names that an app imports. */
const moduleOf = (from, names, more) => ({
  from,
  code: `export ${names === "*" ? names : `{ ${names} }`} from ${JSON.stringify(from)};`,
  ...more,
});

/** @type {Library[]} Libraries that store a session, and leave sign-in to the app. */
export const sessions = [
  { name: "latchkey", ours: true, ...moduleOf("../dist/index.js", "createSessions", { runs: "edge" }) },
  { name: "iron-session", ...moduleOf("iron-session", "getIronSession", { runs: "edge" }) },
  { name: "h3", ...moduleOf("h3", "useSession", { runs: "edge", note: "its sessions only" }) },
  {
    name: "cookie-session",
    ...moduleOf("cookie-session", "default", { runs: "node", note: "signs, does not encrypt" }),
  },
  {
    name: "express-session",
    ...moduleOf("express-session", "default", { runs: "node", note: "with its store in memory" }),
  },
  {
    name: "@fastify/secure-session",
    ...moduleOf("@fastify/secure-session", "default", { runs: "node", note: "without its native libsodium" }),
  },
];

/** @type {Library[]} Libraries with which a page itself signs users in. */
export const inPages = [
  { name: "latchkey/react", ours: true, ...moduleOf("../dist/react.js", "*", { runs: "page" }) },
  {
    name: "latchkey/browser",
    ...moduleOf("../dist/browser.js", "createClient", { runs: "page", note: "without its hooks" }),
  },
  {
    name: "@auth0/auth0-spa-js",
    ...moduleOf("@auth0/auth0-spa-js", "createAuth0Client", { runs: "page", note: "without hooks" }),
  },
];

/** @type {Library[]} Libraries that also sign users in, and two on which others are built. */
export const signIns = [
  { name: "latchkey/edge", ours: true, ...moduleOf("../dist/edge.js", "createAuth", { runs: "edge" }) },
  { name: "latchkey/express", ...moduleOf("../dist/express.js", "auth, requireSession", { runs: "node" }) },
  { name: "latchkey/next", ...moduleOf("../dist/next.js", "createAuth", { runs: "node" }) },
  { name: "@auth/core", ...moduleOf("@auth/core", "Auth", { runs: "edge", note: "without a provider's file" }) },
  { name: "@auth/express", ...moduleOf("@auth/express", "ExpressAuth, getSession", { runs: "node" }) },
  { name: "@auth0/nextjs-auth0", ...moduleOf("@auth0/nextjs-auth0/server", "Auth0Client", { runs: "node" }) },
  { name: "express-openid-connect", ...moduleOf("express-openid-connect", "default", { runs: "node" }) },
  {
    name: "better-auth",
    ...moduleOf("better-auth", "betterAuth", { runs: "node", note: "without a plugin such as genericOAuth" }),
  },
  {
    name: "openid-client",
    ...moduleOf("openid-client", "discovery, buildAuthorizationUrl, authorizationCodeGrant, refreshTokenGrant", {
      runs: "edge",
      note: "a part: sign-in without sessions",
    }),
  },
  {
    name: "jose",
    ...moduleOf("jose", "EncryptJWT, jwtDecrypt", { runs: "edge", note: "a part: the encryption of a cookie alone" }),
  },
];
