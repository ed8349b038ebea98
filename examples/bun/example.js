/** Bun serves a default export with `fetch`, on PORT. @type {import("../start.js").Example} */
export default {
  on: "Bun",
  port: 3003,
  command: () => ["bun", "server.js"],
};
