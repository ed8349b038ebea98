import { afterEach, describe, expect, test } from "vitest";
import { FORWARDED } from "../support/forwarded.js";
import { answerProvider, createClient, locationOf } from "./client.js";
import { startWorld, type World, type WorldOptions } from "./world.js";

let world: World | undefined;
afterEach(() => world?.stop());

async function start(name: string, options: WorldOptions = {}): Promise<World> {
  world = await startWorld(name, { variables: true, ...options });
  return world;
}

describe("the documents' files for Next", () => {
  test("the app's own proxy inside `withProxy` guards a page and routes by language", async () => {
    const { base } = await start("readme-proxy-16");
    const client = createClient();
    expect(locationOf(await client.open(`${base}/account?tab=2`))).toBe(
      `${base}/auth/login?returnTo=%2Faccount%3Ftab%3D2`,
    );
    expect((await client.fetch(`${base}/account`)).status).toBe(401);
    expect(locationOf(await client.open(`${base}/`, { headers: { "accept-language": "de" } }))).toBe(`${base}/de`);
  });

  test("the metadata of an API is at its well-known path", async () => {
    const { base } = await start("readme-proxy-16");
    const path = "/.well-known/oauth-protected-resource/mcp";
    const { status, headers, body } = await createClient().fetch(base + path);
    expect([status, headers["access-control-allow-origin"], JSON.parse(body).resource]).toEqual([
      200,
      "*",
      "https://mcp.example/mcp",
    ]);
    expect((await createClient().fetch(`${base}${path}/other`)).status).toBe(404);
  });

  test("a server that puts the forwarded host into Host chooses the site of the proxy, in routes and in guards", async () => {
    const options = { baseUrl: "https://one.example,https://two.example" };
    const { origin } = await start("readme-proxy-16", { program: "server.mjs", options });
    for (const [forwarded, name] of FORWARDED) {
      const headers = { "x-forwarded-host": forwarded };
      // The provider knows neither redirect URI: the page of the failed sign-in leads back to the site.
      const login = await createClient().open(`${origin}/auth/login`, { headers });
      expect([forwarded, login.body]).toEqual([
        forwarded,
        expect.stringContaining(`"https://${name}.example/auth/login?`),
      ]);
      const account = await createClient().open(`${origin}/account`, { headers });
      expect(locationOf(account)).toBe(`https://${name}.example/auth/login?returnTo=%2Faccount`);
    }
  });

  test("Pages Router: its files, as init writes them in JavaScript, guard a page and an API route", async () => {
    const { base } = await start("init-pages-16", { mount: "/api/auth" });
    const client = createClient();
    expect((await client.fetch(`${base}/api/invoices`)).status).toBe(401);
    const account = await answerProvider(client, await client.open(`${base}/account`));
    expect([account.url, account.status]).toEqual([`${base}/account`, 200]);
    expect(account.body).toContain("<h1>Ada Lovelace</h1>");
    expect(JSON.parse((await client.fetch(`${base}/api/invoices`)).body).user.sub).toBe("ada");
  });

  test("App Router before Next 16: its files, as init writes them in JavaScript, sign a user in; the middleware writes activity", async () => {
    const { base } = await start("init-app-15");
    const client = createClient();
    expect((await client.open(`${base}/`)).body).toContain("Sign in");
    await answerProvider(client, await client.open(`${base}/auth/login`));
    expect((await client.open(`${base}/`)).body).toContain("Signed in as");
    expect(JSON.parse((await client.fetch(`${base}/auth/me`)).body).user.sub).toBe("ada");
  });
});
