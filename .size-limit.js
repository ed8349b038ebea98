/**
 * Minified and gzipped, with everything that is needed inside. The goals for the first three are 5, 24 and 22 KB (of 1,024
 * bytes; a kB is 1,000); these limits hold what has been reached, and only ever come down.
 */
const forNode = (config) => ({ ...config, platform: "node", conditions: ["node", "import"] });

export default [
  {
    name: "latchkey: sessions alone",
    path: "dist/index.js",
    import: "{ createSessions }",
    limit: "5.83 kB",
    gzip: true,
  },
  {
    name: "latchkey/express: everything",
    path: "dist/express.js",
    import: "*",
    limit: "23.65 kB",
    gzip: true,
    modifyEsbuildConfig: forNode,
  },
  {
    name: "latchkey/edge: everything",
    path: "dist/edge.js",
    import: "*",
    limit: "22.528 kB",
    gzip: true,
  },
  {
    name: "latchkey/next: everything but Next",
    path: "dist/next.js",
    import: "*",
    limit: "27.78 kB",
    gzip: true,
    ignore: ["next"],
    modifyEsbuildConfig: forNode,
  },
  {
    name: "latchkey/next in a browser: a stand-in",
    path: "dist/next.browser.js",
    import: "*",
    limit: "0.91 kB",
    gzip: true,
  },
];
