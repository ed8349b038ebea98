/** Sends requests of the Pages Router's column to `pages/api`: the tests use the same paths for every column. */
const has = [{ type: "header", key: "x-test-column", value: "pages" }];

export default {
  turbopack: { root: import.meta.dirname },
  rewrites: async () => ({ beforeFiles: [{ source: "/:path*", destination: "/api/:path*", has }] }),
};
