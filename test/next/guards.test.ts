import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSignedInClient, locationOf } from "./client.js";
import { startWorld, type World } from "./world.js";

describe.each(["main-15", "main-16"])("pages of %s with a requirement", (name) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld(name);
  });
  afterAll(() => world?.stop());

  test.each(["/role", "/role-of-page"])(
    "%s leads a user without the role to an error page, and to no sign-in",
    async (path) => {
      const client = await createSignedInClient(world);
      const asked = world.authorizations.length;
      const end = await client.follow(await client.open(world.base + path));
      expect([end.status, end.body.includes("<code>forbidden</code>")]).toEqual([403, true]);
      expect(world.authorizations).toHaveLength(asked);
      expect((await client.open(`${world.base}/static`)).status).toBe(200);
    },
  );

  test.each(["/fresh", "/fresh-page"])(
    "%s sends the user to sign in again once, and then lets the user pass",
    async (path) => {
      const client = await createSignedInClient(world);
      // The time of the authentication is in a session whose sign-in asked for it (max_age), and in no other.
      const start = await client.open(world.base + path);
      expect(locationOf(start)).toContain(`${world.base}/auth/login?`);
      const consent = await client.follow(start);
      const end = await client.follow(await client.submit(consent.url, { action: "allow" }));
      expect([end.url, end.status]).toEqual([world.base + path, 200]);
      expect((await client.open(world.base + path)).status).toBe(200);
    },
  );
});
