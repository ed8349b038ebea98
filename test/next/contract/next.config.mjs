/** Requests that are meant for the Pages Router: the same paths as everywhere, under the one folder that it answers. */
const has = [{ type: "header", key: "x-test-column", value: "pages" }];

export default {
  turbopack: { root: import.meta.dirname },
  rewrites: async () => ({ beforeFiles: [{ source: "/:path*", destination: "/api/:path*", has }] }),
};
