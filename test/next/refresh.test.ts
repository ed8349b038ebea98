import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answer, type Client, isOurs, printed, signedIn } from "./client.js";
import { startWorld, type World } from "./world.js";

/** Seconds that an access token lives; it is renewed after four fifths of that. */
const LIFETIME = 5;
const until = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
const due = () => until(LIFETIME * 0.8 + 0.1);
const expired = () => until(LIFETIME + 0.1);

const refreshes = ({ grants }: World) => grants.filter(({ grantType }) => grantType === "refresh_token");

/** The access token that a place shows. */
const places: Record<string, (answer: Answer) => unknown> = {
  "/look": (answer) => (printed(answer) as { token: string }).token,
  "/handler": ({ body }) => JSON.parse(body).token,
  "/token": ({ body }) => JSON.parse(body).token,
  "/gssp": ({ body }) => /<p id="token">([^<]*)/.exec(body)?.[1],
  "/api/private": ({ body }) => JSON.parse(body).token,
};

const tokenAt = async (client: Client, { base }: World, path: string) => {
  const answer = await client.open(base + path);
  return { token: places[path]?.(answer), answer };
};

describe.each(["15", "16"])("Next %s: an access token that is due", (version) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld(`main-${version}`, { accessTokenLifetime: LIFETIME });
  });
  afterAll(() => world?.stop());

  test("is renewed ahead of whatever answers, which sees the new one in the same request", async () => {
    const paths = Object.keys(places);
    const clients = await Promise.all(paths.map((_, index) => signedIn(world, `user${index}`)));
    const visit = () => Promise.all(paths.map((path, index) => tokenAt(clients[index] as Client, world, path)));
    const spent = refreshes(world).length;
    await due();
    const [second, third] = [await visit(), await visit()];
    expect(second.map(({ token }) => typeof token)).toEqual(paths.map(() => "string"));
    expect(new Set(second.map(({ token }) => token)).size).toBe(paths.length);
    for (const [index, { answer, token }] of second.entries()) {
      expect(answer.setCookies.filter(isOurs).length).toBeGreaterThan(0);
      expect(answer.headers["cache-control"]).toContain("no-store");
      // What was shown is what was kept.
      expect([paths[index], third[index]?.token]).toEqual([paths[index], token]);
    }
    expect(refreshes(world).length).toBe(spent + paths.length);
    expect(refreshes(world).every(({ rotated }) => rotated)).toBe(true);
  });

  test("is renewed once, however many requests come in parallel, and all see the new one", async () => {
    const client = await signedIn(world);
    const before = (await tokenAt(client, world, "/look")).token;
    await due();
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

  test("that has expired costs a Server Component no refresh token; a handler renews it", async () => {
    const client = await signedIn(world);
    const first = await inPage(client);
    expect(first.id).toBe("token");
    await expired();
    const spent = refreshes(world).length;
    expect(await inPage(client)).toEqual({ id: "error", text: "refresh_required" });
    expect(refreshes(world).length).toBe(spent);
    const { token, answer } = await tokenAt(client, world, "/token");
    expect(answer.status).toBe(200);
    expect(token).not.toBe(first.text);
    expect(answer.setCookies.filter(isOurs).length).toBeGreaterThan(0);
    expect(refreshes(world).length).toBe(spent + 1);
    expect(await inPage(client)).toEqual({ id: "token", text: token });
  });

  test("is renewed once by handlers, API routes and getServerSideProps in parallel", async () => {
    const client = await signedIn(world);
    await expired();
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
