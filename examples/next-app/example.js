import { buildNext, next } from "../next-build.js";

/** @type {import("../start.js").Example} */
export default {
  runsOn: "Next.js, App Router",
  port: 3006,
  isTyped: true,
  async command({ port }) {
    await buildNext("next-app");
    return [process.execPath, next, "start", "-p", port];
  },
};
