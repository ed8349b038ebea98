import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isOurs, locationOf, printed, signedIn } from "./client.js";
import { startWorld, type World } from "./world.js";

describe.each(["bare-15", "bare-16"])("a route handler of %s that updates the session", (name) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld(name, { options: { session: { rollAfter: 0 } } });
  });
  afterAll(() => world?.stop());

  test("sets cookies of its own by Next's means beside ours", async () => {
    const client = await signedIn(world);
    for (const count of [1, 2]) {
      const answer = await client.open(`${world.base}/mixed`);
      expect(JSON.parse(answer.body)).toEqual({ count });
      expect(answer.setCookies.filter((line) => !isOurs(line))).toEqual(["own=1; Path=/"]);
      expect(answer.setCookies.filter(isOurs).length).toBe(2);
      expect(answer.headers["cache-control"]).toBe("private, no-store");
    }
    expect(printed(await client.open(`${world.base}/look`))).toMatchObject({ user: "ada", count: 2 });
  });

  test("and leaves by redirect(), which Next throws, loses nothing", async () => {
    const client = await signedIn(world);
    const answer = await client.open(`${world.base}/leaving`);
    expect(answer.status).toBe(307);
    expect(new URL(locationOf(answer) ?? "").pathname).toBe("/static");
    expect(printed(await client.open(`${world.base}/look`))).toMatchObject({ user: "ada", count: 1 });
  });
});
