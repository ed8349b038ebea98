import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { installed, type Server, startRedis } from "../support/databases.js";
import { startUpstash } from "../support/upstash.js";
import { type Client, createSignedInClient, isLatchkeyCookie } from "./client.js";
import { startWorld, type World } from "./world.js";

/** The lifetime of an access token in seconds. */
const LIFETIME = 5;
const untilExpired = () => new Promise((resolve) => setTimeout(resolve, LIFETIME * 1000 + 100));

const apps = [
  ["Next 15, without a proxy,", "bare-15"],
  ["Next 15, behind its middleware,", "main-15"],
  ["Next 16, behind its proxy,", "main-16"],
] as const;

/** Reads the access token, or the code of an error, from the body of each route. */
const places: Record<string, (body: string) => string | undefined> = {
  "/server-token": (body) => /<pre id="(?:token|error)">([^<]*)/.exec(body)?.[1],
  "/late": (body) => /^begun (.+)$/.exec(body)?.[1],
  "/api/late": (body) => /^begun (.+)$/.exec(body)?.[1],
  "/token": (body) => JSON.parse(body).token,
  "/gssp": (body) => /<p id="token">([^<]*)/.exec(body)?.[1],
};

describe.skipIf(!installed.redis).each(apps)("%s with sessions in Redis (needs redis-server)", (_name, app) => {
  let redis: Server;
  let upstash: Awaited<ReturnType<typeof startUpstash>>;
  let world: World;
  beforeAll(async () => {
    redis = await startRedis();
    upstash = await startUpstash(redis);
    const { url, token } = upstash;
    const options = { session: { storage: "store" }, upstash: { url, token } };
    world = await startWorld(app, { accessTokenLifetime: LIFETIME, options });
  });
  afterAll(async () => {
    await world?.stop();
    await upstash?.stop();
    await redis?.stop();
  });

  const visit = async (client: Client, path: string) => {
    const { body, setCookies } = await client.open(world.base + path);
    return { token: places[path]?.(body), setCookies: setCookies.filter(isLatchkeyCookie) };
  };
  const refreshes = () => world.grants.filter(({ grantType }) => grantType === "refresh_token").length;

  test("an expired token is refreshed by a Server Component, and by a handler whose headers have left: no cookie has to carry it", async () => {
    const paths = Object.keys(places);
    const clients = await Promise.all(paths.map((_, index) => createSignedInClient(world, `user${index}`)));
    const visitAll = () => Promise.all(paths.map((path, index) => visit(clients[index] as Client, path)));
    const first = await visitAll();
    await untilExpired();
    const before = refreshes();
    const second = await visitAll();
    expect(refreshes()).toBe(before + paths.length);
    // The next request has the same token: it was stored.
    const third = await visitAll();
    expect(refreshes()).toBe(before + paths.length);
    for (const [index, path] of paths.entries()) {
      const tokens = [first, second, third].map((visits) => visits[index]?.token);
      expect([path, tokens.map((token) => token?.length)]).toEqual([path, [43, 43, 43]]);
      expect([path, tokens[1]]).not.toEqual([path, tokens[0]]);
      expect([path, tokens[2]]).toEqual([path, tokens[1]]);
      expect([path, second[index]?.setCookies]).toEqual([path, []]);
    }
  });

  test("one refresh serves parallel requests of all kinds", async () => {
    const client = await createSignedInClient(world);
    await untilExpired();
    const before = refreshes();
    const paths = [...Object.keys(places), ...Object.keys(places)];
    const seen = await Promise.all(paths.map((path) => visit(client, path)));
    expect(new Set(seen.map(({ token }) => token)).size).toBe(1);
    expect(seen[0]?.token).toMatch(/^[\w-]{43}$/);
    expect(refreshes()).toBe(before + 1);
  });
});
