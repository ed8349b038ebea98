/** Budgets of DESIGN and the README, minified and gzipped, with everything that is needed inside. */
const forNode = (config) => ({ ...config, platform: "node", conditions: ["node", "import"] });

export default [
  { name: "latchkey: sessions alone", path: "dist/index.js", import: "{ createSessions }", limit: "5 kB", gzip: true },
  {
    name: "latchkey/express: everything",
    path: "dist/express.js",
    import: "*",
    limit: "24 kB",
    gzip: true,
    modifyEsbuildConfig: forNode,
  },
];
