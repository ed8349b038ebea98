import { createHash } from "node:crypto";
import { Redis } from "ioredis";
import { redisStore } from "latchkey/redis";

/** The client connects at the first command: the build of the Next app imports this file, and has no Redis. */
const redis = new Redis(process.env.REDIS_URL ?? "redis://127.0.0.1:6379", {
  lazyConnect: true,
  commandTimeout: 1000,
  connectTimeout: 1000,
  maxRetriesPerRequest: 1,
});
redis.on("error", (error) => console.error("redis:", error.message));

export const store = redisStore(redis);

/** The options of every machine. The others come from LATCHKEY_ISSUER, _CLIENT_ID, _CLIENT_SECRET, _SECRET and _BASE_URL. */
export const options = {
  store,
  session: { storage: "store" },
  scope: "openid profile email offline_access",
  authorizationParams: { prompt: "consent" },
};

/** The name of this machine. */
export const machine = () => process.env.MACHINE;

/** The first characters of a token's hash: enough to see that all machines have the same token, and no secret. */
export const fingerprint = (token) => createHash("sha256").update(token).digest("hex").slice(0, 8);
