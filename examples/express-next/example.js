import { buildNext } from "../next-build.js";

/** @type {import("../start.js").Example} */
export default {
  runsOn: "Next.js behind Express",
  port: 3008,
  variables: () => ({ NODE_ENV: "production" }),
  async command() {
    await buildNext("express-next");
    return [process.execPath, "server.js"];
  },
};
