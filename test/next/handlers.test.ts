import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSignedInClient, isLatchkeyCookie, jsonIn, locationOf } from "./client.js";
import { startWorld, type World } from "./world.js";

describe.each(["bare-15", "bare-16"])("a route handler of %s that updates the session", (name) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld(name, { options: { session: { rollAfter: 0 } } });
  });
  afterAll(() => world?.stop());

  test("can also set cookies of its own with Next's `cookies()`", async () => {
    const client = await createSignedInClient(world);
    for (const count of [1, 2]) {
      const response = await client.open(`${world.base}/mixed`);
      expect(JSON.parse(response.body)).toEqual({ count });
      expect(response.setCookies.filter((line) => !isLatchkeyCookie(line))).toEqual(["own=1; Path=/"]);
      expect(response.setCookies.filter(isLatchkeyCookie).length).toBe(2);
      expect(response.headers["cache-control"]).toBe("private, no-store");
    }
    expect(jsonIn(await client.open(`${world.base}/look`))).toMatchObject({ user: "ada", count: 2 });
  });

  test("keeps the update if it then calls redirect(), which throws", async () => {
    const client = await createSignedInClient(world);
    const response = await client.open(`${world.base}/leaving`);
    expect(response.status).toBe(307);
    expect(new URL(locationOf(response) ?? "").pathname).toBe("/static");
    expect(jsonIn(await client.open(`${world.base}/look`))).toMatchObject({ user: "ada", count: 1 });
  });
});
