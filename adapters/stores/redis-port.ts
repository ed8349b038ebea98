import type { StorePort } from "../../core/store/port.js";

/** Sends one command and resolves to its reply. */
export type SendCommand = (...command: readonly string[]) => Promise<unknown>;

/*
 * Each script uses one key, so it runs on a cluster. All times are of the server's clock: PX, PEXPIRE and TIME. Redis 6.2 or Valkey, at
 * least.
 */

const ADD = `local v = redis.call("GET", KEYS[1])
if v then return v end
redis.call("SET", KEYS[1], ARGV[1], "PX", ARGV[2])
return ARGV[1]`;

const REPLACE = `local v = redis.call("GET", KEYS[1])
if v ~= ARGV[1] then return v end
redis.call("SET", KEYS[1], ARGV[2], "PX", ARGV[3])
return ARGV[2]`;

/** The score of a member is the time at which its life ends. The set lives as long as its longest-living member. */
const ADD_MEMBER = `local t = redis.call("TIME")
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call("ZREMRANGEBYSCORE", KEYS[1], "-inf", now)
redis.call("ZADD", KEYS[1], now + ARGV[2], ARGV[1])
if redis.call("PTTL", KEYS[1]) < tonumber(ARGV[2]) then redis.call("PEXPIRE", KEYS[1], ARGV[2]) end
return 1`;

const MEMBERS = `local t = redis.call("TIME")
return redis.call("ZRANGEBYSCORE", KEYS[1], "(" .. t[1] * 1000 + math.floor(t[2] / 1000), "+inf")`;

/** A {@link StorePort} over Redis. `prefix`: the first characters of all keys. */
export function createRedisPort(send: SendCommand, prefix: string): StorePort {
  const valueKey = (key: string) => `${prefix}v:${key}`;
  const setKey = (set: string) => `${prefix}s:${set}`;
  const run = (script: string, key: string, ...rest: readonly string[]) => send("EVAL", script, "1", key, ...rest);
  /** The text of a reply; undefined for the null reply. */
  const textOf = (reply: unknown): string | undefined => (reply === null ? undefined : `${reply}`);

  return {
    get: async (key) => textOf(await send("GET", valueKey(key))),
    add: async (key, value, forMs) => `${await run(ADD, valueKey(key), value, `${forMs}`)}`,
    replace: async (key, expected, value, forMs) =>
      textOf(await run(REPLACE, valueKey(key), expected, value, `${forMs}`)),
    async extend(key, forMs) {
      await send("PEXPIRE", valueKey(key), `${forMs}`);
    },
    async delete(key) {
      await send("DEL", valueKey(key));
    },
    async addMember(set, member, forMs) {
      await run(ADD_MEMBER, setKey(set), member, `${forMs}`);
    },
    async removeMember(set, member) {
      await send("ZREM", setKey(set), member);
    },
    members: async (set) => ((await run(MEMBERS, setKey(set))) as unknown[]).map(String),
  };
}
