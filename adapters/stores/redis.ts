import { must } from "../../core/errors.js";
import type { StoreOptions } from "../../core/store/create-store.js";
import type { Store } from "../../core/store/store.js";
import { createStore } from "./create-store.js";
import { createRedisPort, type SendCommand } from "./redis-port.js";

export * from "./exports.js";

/** A client of `ioredis`: a `Redis` or a `Cluster`. */
export interface IoRedisClient {
  call(command: string, ...args: string[]): Promise<unknown>;
}

/** A client of `redis` (node-redis): a client or a pool of `createClient`. */
export interface NodeRedisClient {
  sendCommand(args: string[]): Promise<unknown>;
}

/** A cluster of `redis` (node-redis), whose `sendCommand` takes the key of the command as well. */
export interface NodeRedisCluster {
  readonly slots: unknown;
  sendCommand(firstKey: string | undefined, isReadonly: boolean | undefined, args: string[]): Promise<unknown>;
}

/** Options of {@link redisStore}. */
export interface RedisStoreOptions extends StoreOptions {
  /** The first characters of all keys: apps that share the database need different ones. @default "latchkey:" */
  prefix?: string;
}

/**
 * A store in Redis (6.2 or later) or Valkey, alone or in a cluster. The app makes the client, and ends it.
 *
 * @example
 * ```ts
 * import { Redis } from "ioredis";
 * import { redisStore } from "latchkey/redis";
 *
 * export const store = redisStore(new Redis("redis://127.0.0.1:6379", { lazyConnect: true, commandTimeout: 1000 }));
 * ```
 * @param client of `ioredis` or of `redis` (node-redis), which must be connected by the app
 * @param options the prefix of all keys, and how latchkey uses the store
 * @throws MisuseError (`invalid_config`) when it is no such client
 */
export function redisStore(
  client: IoRedisClient | NodeRedisClient | NodeRedisCluster,
  { prefix = "latchkey:", ...options }: RedisStoreOptions = {},
): Store {
  return createStore(createRedisPort(senderOf(client), prefix), options);
}

function senderOf(client: IoRedisClient | NodeRedisClient | NodeRedisCluster): SendCommand {
  // Checked first: a client of ioredis has a `sendCommand` too, with other arguments.
  if (typeof (client as Partial<IoRedisClient>)?.call === "function") {
    return (command = "", ...args) => (client as IoRedisClient).call(command, ...args);
  }
  must(
    typeof (client as Partial<NodeRedisClient>)?.sendCommand === "function",
    "redisStore takes a client of ioredis or of redis (node-redis)",
  );
  // The key of a command decides which machine of the cluster gets it: the fourth word of EVAL, the second of other commands.
  if ("slots" in client) {
    return (...command) => client.sendCommand(command[command[0] === "EVAL" ? 3 : 1], false, [...command]);
  }
  return (...command) => (client as NodeRedisClient).sendCommand([...command]);
}

/** Options of {@link upstashStore}. */
export interface UpstashStoreOptions extends RedisStoreOptions {
  /** The URL of the database's REST API, which Upstash calls `UPSTASH_REDIS_REST_URL`. Required. */
  url: string;
  /** Its token, `UPSTASH_REDIS_REST_TOKEN`. Required. */
  token: string;
  /** Sends the commands. @default the platform's */
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

/**
 * A store in Upstash's Redis over its REST API, for runtimes without TCP.
 *
 * @example
 * ```ts
 * import { upstashStore } from "latchkey/redis";
 *
 * export const store = upstashStore({ url: "https://example.upstash.io", token: "a token" });
 * ```
 * @param options the URL and the token of the database, the prefix of all keys, and how latchkey uses the store
 * @throws MisuseError (`invalid_config`) without a URL or a token
 */
export function upstashStore(options: UpstashStoreOptions): Store {
  const { url, token, fetch: ownFetch, prefix = "latchkey:", ...others } = options ?? {};
  must(typeof url === "string" && URL.canParse(url) && token, "upstashStore takes the url and the token of a database");
  const headers = { authorization: `Bearer ${token}` };
  const send: SendCommand = async (...command) => {
    // The global `fetch` is looked up at each call: a test or a framework may replace it.
    const init: RequestInit = { method: "POST", headers, body: JSON.stringify(command) };
    // Next caches what `fetch` gets, where a page says so. An older workerd, whose Request has no `cache`, refuses the option.
    if ("cache" in Request.prototype) init.cache = "no-store";
    const response = await (ownFetch ?? fetch)(url, init);
    const { result, error } = (await response.json()) as { result?: unknown; error?: string };
    if (!response.ok || error !== undefined) throw new Error(`Upstash answered ${response.status}`);
    return result ?? null;
  };
  return createStore(createRedisPort(send, prefix), others);
}
