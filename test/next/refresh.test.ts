import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Client, type ClientResponse, createSignedInClient, isLatchkeyCookie, jsonIn } from "./client.js";
import { startWorld, type World } from "./world.js";

/** The lifetime of an access token in seconds. It is due after four fifths of that. */
const LIFETIME = 5;
const wait = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
const untilDue = () => wait(LIFETIME * 0.8 + 0.1);
const untilExpired = () => wait(LIFETIME + 0.1);

const refreshes = ({ grants }: World) => grants.filter(({ grantType }) => grantType === "refresh_token");

/** Reads the access token from the response of each route. */
const places: Record<string, (response: ClientResponse) => unknown> = {
  "/look": (response) => (jsonIn(response) as { token: string }).token,
  "/handler": ({ body }) => JSON.parse(body).token,
  "/token": ({ body }) => JSON.parse(body).token,
  "/gssp": ({ body }) => /<p id="token">([^<]*)/.exec(body)?.[1],
  "/api/private": ({ body }) => JSON.parse(body).token,
};

const tokenAt = async (client: Client, { base }: World, path: string) => {
  const response = await client.open(base + path);
  return { token: places[path]?.(response), response };
};

describe.each(["15", "16"])("Next %s: an access token that is due", (version) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld(`main-${version}`, { accessTokenLifetime: LIFETIME });
  });
  afterAll(() => world?.stop());

  test("is refreshed before a page or handler runs, which sees the new token in the same request", async () => {
    const paths = Object.keys(places);
    const clients = await Promise.all(paths.map((_, index) => createSignedInClient(world, `user${index}`)));
    const visit = () => Promise.all(paths.map((path, index) => tokenAt(clients[index] as Client, world, path)));
    const spent = refreshes(world).length;
    await untilDue();
    const [second, third] = [await visit(), await visit()];
    expect(second.map(({ token }) => typeof token)).toEqual(paths.map(() => "string"));
    expect(new Set(second.map(({ token }) => token)).size).toBe(paths.length);
    for (const [index, { response, token }] of second.entries()) {
      expect(response.setCookies.filter(isLatchkeyCookie).length).toBeGreaterThan(0);
      expect(response.headers["cache-control"]).toContain("no-store");
      // The next request shows the same token: it was stored.
      expect([paths[index], third[index]?.token]).toEqual([paths[index], token]);
    }
    expect(refreshes(world).length).toBe(spent + paths.length);
    expect(refreshes(world).every(({ rotated }) => rotated)).toBe(true);
  });

  test("is refreshed once by parallel requests, and all see the new token", async () => {
    const client = await createSignedInClient(world);
    const before = (await tokenAt(client, world, "/look")).token;
    await untilDue();
    const spent = refreshes(world).length;
    const paths = [...Object.keys(places), ...Object.keys(places)];
    const seen = await Promise.all(paths.map((path) => tokenAt(client, world, path)));
    expect(refreshes(world).length).toBe(spent + 1);
    expect(new Set(seen.map(({ token }) => token)).size).toBe(1);
    expect(seen[0]?.token).toEqual(expect.any(String));
    expect(seen[0]?.token).not.toBe(before);
    const after = (await tokenAt(client, world, "/look")).token;
    expect(after).toBe(seen[0]?.token);
  });
});

describe.each(["15", "16"])("Next %s without a proxy: an access token", (version) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld(`bare-${version}`, { accessTokenLifetime: LIFETIME });
  });
  afterAll(() => world?.stop());

  const inPage = async (client: Client) => {
    const { body } = await client.open(`${world.base}/server-token`);
    const [, id, text] = /<pre id="(token|error)">([^<]*)/.exec(body) ?? [];
    return { id, text };
  };

  test("that has expired is not refreshed by a Server Component, which cannot set cookies, but by a route handler", async () => {
    const client = await createSignedInClient(world);
    const first = await inPage(client);
    expect(first.id).toBe("token");
    await untilExpired();
    const spent = refreshes(world).length;
    expect(await inPage(client)).toEqual({ id: "error", text: "refresh_required" });
    expect(refreshes(world).length).toBe(spent);
    const { token, response } = await tokenAt(client, world, "/token");
    expect(response.status).toBe(200);
    expect(token).not.toBe(first.text);
    expect(response.setCookies.filter(isLatchkeyCookie).length).toBeGreaterThan(0);
    expect(refreshes(world).length).toBe(spent + 1);
    expect(await inPage(client)).toEqual({ id: "token", text: token });
  });

  test("is refreshed once by parallel route handlers, API routes and getServerSideProps", async () => {
    const client = await createSignedInClient(world);
    await untilExpired();
    const spent = refreshes(world).length;
    const paths = [
      "/token",
      "/handler",
      "/gssp",
      "/api/private",
      "/token",
      "/handler",
      "/gssp",
      "/api/private",
      "/token",
      "/gssp",
    ];
    const seen = await Promise.all(paths.map((path) => tokenAt(client, world, path)));
    expect(refreshes(world).length).toBe(spent + 1);
    expect(new Set(seen.map(({ token }) => token)).size).toBe(1);
    expect((await tokenAt(client, world, "/api/private")).token).toBe(seen[0]?.token);
  });
});
