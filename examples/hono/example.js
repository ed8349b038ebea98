/** @type {import("../start.js").Example} */
export default {
  runsOn: "Bun, with Hono",
  port: 3004,
  command: () => ["bun", "server.js"],
};
