import { buildNext } from "../next-build.js";
import { findRedis } from "./redis.js";

/** @type {import("../start.js").Example} */
export default {
  runsOn: "two Express servers and a Next.js app behind a balancer, with a store in Redis",
  port: 3010,
  async command() {
    // Before the build, which takes a while.
    if (!findRedis()) {
      console.error(
        "  This example needs Redis. Install it (Debian: apt-get install redis-server, macOS: brew install redis),\n" +
          "  or set REDIS_URL to one that runs, such as redis://127.0.0.1:6379.",
      );
      process.exit(1);
    }
    await buildNext("machines");
    return [process.execPath, "main.js"];
  },
};
