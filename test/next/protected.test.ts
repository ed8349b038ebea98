import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask, signedIn } from "./client.js";
import { startWorld, type World } from "./world.js";

describe.each(["main-15", "main-16"])("an API of %s", (name) => {
  let world: World;
  let token: string;
  beforeAll(async () => {
    const resource = "https://api.example";
    world = await startWorld(name, {
      options: {
        scope: "openid profile email offline_access read:shows",
        authorizationParams: { prompt: "consent", resource },
      },
    });
    const client = await signedIn(world);
    token = JSON.parse((await client.fetch(`${world.base}/token`)).body).token;
  });
  afterAll(() => world?.stop());

  test.each(["/protected", "/protected-edge", "/api/protected"])(
    "%s takes the provider's access tokens, and nothing else",
    async (path) => {
      const said = async (headers: Record<string, string>) => {
        const answer = await ask(world.base + path, { headers });
        return [answer.status, answer.headers["www-authenticate"], JSON.parse(answer.body)];
      };
      const [realm, scope] = ['Bearer realm="api"', 'scope="read:shows"'];
      expect(await said({ authorization: `Bearer ${token}` })).toEqual([200, undefined, { for: "ada" }]);
      expect(await said({})).toEqual([401, `${realm}, ${scope}`, { error: "no_token" }]);
      expect(await said({ authorization: `Bearer ${token}x` })).toEqual([
        401,
        `${realm}, error="invalid_token", ${scope}`,
        { error: "invalid_token" },
      ]);
    },
  );
});
