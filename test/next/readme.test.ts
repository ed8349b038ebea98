import { afterEach, describe, expect, test } from "vitest";
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

  test("Pages Router: its files guard a page and an API route", async () => {
    const { base } = await start("readme-pages-16", { mount: "/api/auth" });
    const client = createClient();
    expect((await client.fetch(`${base}/api/invoices`)).status).toBe(401);
    const account = await answerProvider(client, await client.open(`${base}/account`));
    expect([account.url, account.status]).toEqual([`${base}/account`, 200]);
    expect(account.body).toContain("<h1>Ada Lovelace</h1>");
    expect(JSON.parse((await client.fetch(`${base}/api/invoices`)).body).user.sub).toBe("ada");
  });
});
