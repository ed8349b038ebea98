/** @type {import("../start.js").Example} */
export default {
  runsOn: "Deno",
  port: 3002,
  command: ({ port }) => ["deno", "serve", "--quiet", "-A", "--host", "127.0.0.1", "--port", port, "server.js"],
};
