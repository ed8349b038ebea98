import { execPath } from "node:process";

/** @type {import("../start.js").Example} */
export default {
  runsOn: "Node, with Express",
  port: 3005,
  command: () => [execPath, "app.js"],
};
