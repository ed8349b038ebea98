/**
 * Minified and gzipped, with everything that is needed inside; a kB is 1,000 bytes. The goals for the first three are 5, 24
 * and 22 KB of 1,024 bytes. These limits hold what has been reached. They come down, or a figure in bench/results shows what
 * was bought: the first and the third are over their goals for the base64url of the Web Crypto engine, which made Workers six
 * times as fast, for what an opened session no longer waits for, and for commits side by side, which cost the first 330 bytes.
 * Express and Edge pay 20 bytes for not replaying a refresh whose token is over by then.
 *
 * The mends of the audit of 0.1.0 (test/security/advisories.md) cost 200 bytes of sessions, 1,980 of Express and Edge, 2,420 of
 * Next, 700 of an API and 820 of a page: requests that share outcomes in the place of promises, the Cookie header that is handed
 * on, a response that is made after a handler threw, and type tests that hold in every realm.
 *
 * An app pays for what it imports. So the lines for sign-in leave out `verifyAccessToken`, which an app that only signs people
 * in does not need, and an API that only verifies access tokens is measured by itself: neither is to carry the other.
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
    limit: "7.14 kB",
    gzip: true,
    modifyEsbuildConfig: forWorker,
  },
  {
    name: "latchkey/express: sign-in, and all it needs",
    path: "dist/express.js",
    import: `{ auth, auth0, requireSession, ${errors} }`,
    limit: "26.5 kB",
    gzip: true,
    modifyEsbuildConfig: forNode,
  },
  {
    name: "latchkey/node: sign-in, and all it needs",
    path: "dist/node.js",
    import: `{ auth, auth0, getAuth, requireSession, ${errors} }`,
    limit: "26.5 kB",
    gzip: true,
    modifyEsbuildConfig: forNode,
  },
  {
    name: "latchkey/edge: sign-in, and all it needs",
    path: "dist/edge.js",
    import: `{ auth0, createAuth, ${errors} }`,
    limit: "25.75 kB",
    gzip: true,
    modifyEsbuildConfig: forWorker,
  },
  {
    name: "latchkey/next: sign-in, and all it needs but Next",
    path: "dist/next.js",
    import: `{ AccessTokenError, auth0, createAuth, initAuth0, ${errors} }`,
    limit: "31.12 kB",
    gzip: true,
    ignore: ["next"],
    modifyEsbuildConfig: forNode,
  },
  {
    name: "latchkey/express: verifyAccessToken alone",
    path: "dist/express.js",
    import: "{ verifyAccessToken }",
    limit: "8.56 kB",
    gzip: true,
    modifyEsbuildConfig: forNode,
  },
  {
    name: "latchkey/edge: verifyAccessToken alone",
    path: "dist/edge.js",
    import: "{ verifyAccessToken }",
    limit: "8.48 kB",
    gzip: true,
    modifyEsbuildConfig: forWorker,
  },
  {
    name: "latchkey/next: verifyAccessToken alone, without Next",
    path: "dist/next.js",
    import: "{ verifyAccessToken }",
    limit: "9.03 kB",
    gzip: true,
    ignore: ["next"],
    modifyEsbuildConfig: forNode,
  },
  {
    name: "latchkey/react: everything with the browser client",
    path: "dist/react.js",
    import: "*",
    limit: "17.14 kB",
    gzip: true,
    ignore: ["react"],
  },
  {
    name: "latchkey/react: useSession alone",
    path: "dist/react.js",
    import: "{ SessionProvider, useSession }",
    limit: "2.39 kB",
    gzip: true,
    ignore: ["react"],
  },
  {
    name: "latchkey/next in a browser: a stand-in",
    path: "dist/next.browser.js",
    import: "*",
    limit: "1.02 kB",
    gzip: true,
  },
];
