/** Bun serves a default export that has a `fetch` method, on PORT. @type {import("../start.js").Example} */
export default {
  runsOn: "Bun",
  port: 3003,
  command: () => ["bun", "server.js"],
};
