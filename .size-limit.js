/**
 * Minified and gzipped, with everything that is needed inside; a kB is 1,000 bytes. These limits hold what has been reached.
 *
 * The goals are 7.2 kB for sessions alone, 27 for Express, 26 for Edge and 17.4 for React with the browser client. Four entries are
 * over their goals since each option is checked for its name and its type (320 bytes in every entry), since `instanceof` holds
 * between copies of the package, and since one interpreter of the sign-in serves servers and pages, and each endpoint of the
 * provider is checked by its name. The limits come down; none goes up without a line here that says what was bought: sessions
 * (40 bytes) and useSession (20) have an error for each attribute of a cookie, and errors that say what to change.
 *
 * An app pays for what it imports. So the lines for sign-in leave out `verifyAccessToken`, which an app that only signs users in
 * does not need, and an API that only verifies access tokens is measured by itself: neither carries the other.
 * `privateKeyJwt`, which few apps need, is measured by itself too. To an app with sign-in it adds about 0.6 kB, since the app has the
 * errors and the conversions already.
 *
 * Every entry with options grew by some 170 bytes, and sign-in on servers by another 430, with the refusal of settings that can never
 * work (placeholders, cookies that browsers withhold, paths that repeat each other), with `callbackPath`, and with the path that a proxy
 * took off a request. Every entry with sessions grew by 40 to 100 bytes where the ID Token is left out before a session is refused.
 *
 * A store is measured by itself too. Sign-in without one grew by some 0.75 kB with it: the checks of the options (170 bytes), the answers
 * for a store that is away, the session that stays when a provider refuses a token that another machine may have spent, and the seam. `backchannelLogout` shares nearly everything with sign-in.
 *
 * Next grew by 70 bytes: `initAuth0` takes a store, and the proxy reads no session for a static file and no tokens from a store.
 * `upstashStore` grew by 20: Next must not cache what it gets.
 * Failures that explain themselves cost an app with sign-in 1.37 kB (the goal was 0.6): what the provider said in the message, what to check,
 * the line on the console, the page with its two links, `onFailure`, silent sign-ins, and the answer for requests that are no navigation.
 *
 * `verifyAccessToken` grew by 0.9 kB with several issuers, required claims, clients in the place of an audience, the seams for `dpop`,
 * `introspection` and `stepUp`, and the checks of these options. Each extra is measured by itself: an API that has it carries the
 * errors, the conversions and the network already.
 *
 * Sign-in on servers grew by 40 bytes that revoke the new refresh token of a session that has ended meanwhile, and reject an update of
 * one. A store grew by 190: it stores a result that came while the database was away, empties the sets of sessions that were signed
 * out, and ends many sessions in batches.
 * Sign-in on servers grew by some 200 bytes, an API by 90 and a page by 60: a failure that repeats itself is a line a second and then a
 * count, what a provider repeats of a callback is masked, and a host with the default port of its scheme is that host.
 *
 * Sign-in on servers and APIs lost 2.9 kB when one verifier of signatures over Web Crypto took the place of jose's there. Sign-in then
 * grew by some 1.0 kB with several providers (their routes, the page of choices, sessions that name their provider), by 0.55 with what a
 * provider does otherwise (`differences`) and token responses in whatever form, by 0.5 with guards by claims and step-up, and by 0.15
 * with resource indicators (RFC 8707) and the check of an access token's `aud`. The goal for all of these together was 0.9.
 *
 * React with the browser client grew by 0.89 kB: a refresh token that may be used up is the last resort and not thrown away, callers
 * with a valid token do not wait for a provider that hangs, tabs rest together after a failure and wait for the one that went to the
 * provider, clients with another scope or audience hear of each other, and a provider that is mounted anew learns of its sign-in.
 */
const forNode = (config) => ({ ...config, platform: "node", conditions: ["node", "import"] });

/** Where a Worker is bundled, its own conditions come first. */
const forWorker = (config) => ({ ...config, conditions: ["workerd", "worker", "import"] });

const errors = "CookieTooLargeError, ExchangeError, MisuseError";

export default [
  {
    name: "latchkey: sessions alone",
    path: "dist/index.js",
    import: "{ createSessions }",
    limit: "7.48 kB",
    gzip: true,
    modifyEsbuildConfig: forWorker,
  },
  {
    name: "latchkey/express: sign-in, and all it needs",
    path: "dist/express.js",
    import: `{ auth, auth0, requireSession, ${errors} }`,
    limit: "29.94 kB",
    gzip: true,
    modifyEsbuildConfig: forNode,
  },
  {
    name: "latchkey/node: sign-in, and all it needs",
    path: "dist/node.js",
    import: `{ auth, auth0, getAuth, requireSession, ${errors} }`,
    limit: "29.97 kB",
    gzip: true,
    modifyEsbuildConfig: forNode,
  },
  {
    name: "latchkey/edge: sign-in, and all it needs",
    path: "dist/edge.js",
    import: `{ auth0, createAuth, ${errors} }`,
    limit: "29.12 kB",
    gzip: true,
    modifyEsbuildConfig: forWorker,
  },
  {
    name: "latchkey/next: sign-in, and all it needs but Next",
    path: "dist/next.js",
    import: `{ AccessTokenError, auth0, createAuth, initAuth0, ${errors} }`,
    limit: "35.37 kB",
    gzip: true,
    ignore: ["next"],
    modifyEsbuildConfig: forNode,
  },
  {
    name: "latchkey/express: verifyAccessToken alone",
    path: "dist/express.js",
    import: "{ verifyAccessToken }",
    limit: "7.97 kB",
    gzip: true,
    modifyEsbuildConfig: forNode,
  },
  {
    name: "latchkey/edge: verifyAccessToken alone",
    path: "dist/edge.js",
    import: "{ verifyAccessToken }",
    limit: "7.97 kB",
    gzip: true,
    modifyEsbuildConfig: forWorker,
  },
  {
    name: "latchkey/next: verifyAccessToken alone, without Next",
    path: "dist/next.js",
    import: "{ verifyAccessToken }",
    limit: "8.51 kB",
    gzip: true,
    ignore: ["next"],
    modifyEsbuildConfig: forNode,
  },
  {
    name: "latchkey/edge: introspection alone",
    path: "dist/edge.js",
    import: "{ introspection }",
    limit: "4.79 kB",
    gzip: true,
    modifyEsbuildConfig: forWorker,
  },
  {
    name: "latchkey/edge: stepUp alone",
    path: "dist/edge.js",
    import: "{ stepUp }",
    limit: "1.49 kB",
    gzip: true,
    modifyEsbuildConfig: forWorker,
  },
  {
    name: "latchkey/edge: protectedResource alone",
    path: "dist/edge.js",
    import: "{ protectedResource }",
    limit: "1.59 kB",
    gzip: true,
    modifyEsbuildConfig: forWorker,
  },
  {
    name: "latchkey/dpop: dpop alone",
    path: "dist/dpop.js",
    import: "{ dpop }",
    limit: "5.00 kB",
    gzip: true,
    modifyEsbuildConfig: forWorker,
  },
  {
    name: "latchkey/express: privateKeyJwt alone",
    path: "dist/express.js",
    import: "{ privateKeyJwt }",
    limit: "1.35 kB",
    gzip: true,
    modifyEsbuildConfig: forNode,
  },
  {
    name: "latchkey/edge: privateKeyJwt alone",
    path: "dist/edge.js",
    import: "{ privateKeyJwt }",
    limit: "1.40 kB",
    gzip: true,
    modifyEsbuildConfig: forWorker,
  },
  {
    name: "latchkey/providers: google alone",
    path: "dist/providers.js",
    import: "{ google }",
    limit: "1.54 kB",
    gzip: true,
    modifyEsbuildConfig: forNode,
  },
  {
    name: "latchkey/providers: entra alone",
    path: "dist/providers.js",
    import: "{ entra }",
    limit: "3.53 kB",
    gzip: true,
    modifyEsbuildConfig: forNode,
  },
  {
    name: "latchkey/providers: apple alone",
    path: "dist/providers.js",
    import: "{ apple }",
    limit: "2.32 kB",
    gzip: true,
    modifyEsbuildConfig: forNode,
  },
  {
    name: "latchkey/providers: github alone",
    path: "dist/providers.js",
    import: "{ github }",
    limit: "2.77 kB",
    gzip: true,
    modifyEsbuildConfig: forNode,
  },
  {
    name: "latchkey/providers: hs256IdTokens alone",
    path: "dist/providers.js",
    import: "{ hs256IdTokens }",
    limit: "3.86 kB",
    gzip: true,
    modifyEsbuildConfig: forNode,
  },
  {
    name: "latchkey/providers: encryptedIdTokens alone",
    path: "dist/providers.js",
    import: "{ encryptedIdTokens }",
    limit: "10.68 kB",
    gzip: true,
    modifyEsbuildConfig: forNode,
  },
  {
    name: "latchkey/providers: clientSecretJwt alone",
    path: "dist/providers.js",
    import: "{ clientSecretJwt }",
    limit: "0.85 kB",
    gzip: true,
    modifyEsbuildConfig: forNode,
  },
  {
    name: "latchkey: createMemoryStore alone",
    path: "dist/index.js",
    import: "{ createMemoryStore }",
    limit: "9.61 kB",
    gzip: true,
    modifyEsbuildConfig: forNode,
  },
  {
    name: "latchkey/redis: redisStore alone",
    path: "dist/redis.js",
    import: "{ redisStore }",
    limit: "9.71 kB",
    gzip: true,
    modifyEsbuildConfig: forNode,
  },
  {
    name: "latchkey/redis: upstashStore alone",
    path: "dist/redis.js",
    import: "{ upstashStore }",
    limit: "9.50 kB",
    gzip: true,
    modifyEsbuildConfig: forWorker,
  },
  {
    name: "latchkey/postgres: postgresStore alone",
    path: "dist/postgres.js",
    import: "{ postgresStore }",
    limit: "9.87 kB",
    gzip: true,
    modifyEsbuildConfig: forNode,
  },
  {
    name: "latchkey/durable-objects: durableObjectStore and its class",
    path: "dist/durable-objects.js",
    import: "{ durableObjectStore, LatchkeyStore }",
    limit: "9.47 kB",
    gzip: true,
    modifyEsbuildConfig: forWorker,
  },
  {
    name: "latchkey/deno-kv: denoKvStore alone",
    path: "dist/deno-kv.js",
    import: "{ denoKvStore }",
    limit: "9.23 kB",
    gzip: true,
    modifyEsbuildConfig: forWorker,
  },
  {
    name: "latchkey/express: backchannelLogout alone",
    path: "dist/express.js",
    import: "{ backchannelLogout }",
    limit: "5.01 kB",
    gzip: true,
    modifyEsbuildConfig: forNode,
  },
  {
    name: "latchkey/edge: backchannelLogout alone",
    path: "dist/edge.js",
    import: "{ backchannelLogout }",
    limit: "4.94 kB",
    gzip: true,
    modifyEsbuildConfig: forWorker,
  },
  {
    name: "latchkey/check: checkSetup alone",
    path: "dist/check.js",
    import: "{ checkSetup }",
    limit: "18.24 kB",
    gzip: true,
    modifyEsbuildConfig: forNode,
  },
  {
    name: "latchkey/react: everything with the browser client",
    path: "dist/react.js",
    import: "*",
    limit: "21.13 kB",
    gzip: true,
    ignore: ["react"],
  },
  {
    name: "latchkey/react: useSession alone",
    path: "dist/react.js",
    import: "{ SessionProvider, useSession }",
    limit: "2.20 kB",
    gzip: true,
    ignore: ["react"],
  },
  {
    name: "latchkey/next in a browser: a stand-in",
    path: "dist/next.browser.js",
    import: "*",
    limit: "1.49 kB",
    gzip: true,
  },
];
