import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSignedInClient, sendRequest } from "./client.js";
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
    const client = await createSignedInClient(world);
    token = JSON.parse((await client.fetch(`${world.base}/token`)).body).token;
  });
  afterAll(() => world?.stop());

  test.each(["/protected", "/protected-edge", "/api/protected"])(
    "%s accepts the provider's access token, and refuses a missing or changed one",
    async (path) => {
      const callApi = async (headers: Record<string, string>) => {
        const response = await sendRequest(world.base + path, { headers });
        return [response.status, response.headers["www-authenticate"], JSON.parse(response.body)];
      };
      const [realm, scope] = ['Bearer realm="api"', 'scope="read:shows"'];
      expect(await callApi({ authorization: `Bearer ${token}` })).toEqual([200, undefined, { for: "ada" }]);
      expect(await callApi({})).toEqual([401, `${realm}, ${scope}`, { error: "no_token" }]);
      expect(await callApi({ authorization: `Bearer ${token}x` })).toEqual([
        401,
        `${realm}, error="invalid_token", ${scope}`,
        { error: "invalid_token" },
      ]);
    },
  );
});
