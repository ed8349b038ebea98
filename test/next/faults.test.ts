import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Client, createClient, signedIn } from "./client.js";
import { startWorld, type World } from "./world.js";

/** What the server has printed since it had printed so much, once those words are in it; or all that came in five seconds. */
async function logged(world: World, words: RegExp, from = 0): Promise<string> {
  const text = () => world.log().slice(from);
  for (let attempt = 0; attempt < 100 && !words.test(text()); attempt++)
    await new Promise((resolve) => setTimeout(resolve, 50));
  return text();
}

describe.each(["15", "16"])("Next %s on a server that nobody configured", (version) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld(`bare-${version}`, { options: null });
  });
  afterAll(() => world?.stop());

  test.each(["/home", "/account", "/session", "/gssp", "/api/private", "/auth/login"])(
    "%s fails, and the log names the variable",
    async (path) => {
      const before = world.log().length;
      const answer = await createClient().open(world.base + path);
      expect(answer.status).toBe(500);
      expect(answer.body).not.toContain("LATCHKEY_");
      expect(await logged(world, /LATCHKEY_/, before)).toContain("latchkey: set issuer (LATCHKEY_ISSUER)");
    },
  );

  test("check() says the same", async () => {
    const { body } = await createClient().open(`${world.base}/check`);
    expect(JSON.parse(body)).toMatchObject({
      code: "invalid_config",
      message: "latchkey: set issuer (LATCHKEY_ISSUER)",
    });
  });
});

describe.each(["15", "16"])("Next %s: mistakes are told", (version) => {
  let world: World;
  let client: Client;
  beforeAll(async () => {
    world = await startWorld(`main-${version}`);
    client = await signedIn(world);
  });
  afterAll(() => world?.stop());

  test("a page that is made once for all and asks who is there", async () => {
    const answer = await client.open(`${world.base}/forced/1`);
    expect(answer.status).toBe(500);
    expect(await logged(world, /force-static/)).toContain('remove dynamic = "force-static"');
  });

  test("handlers in another folder than mount says", async () => {
    const answer = await client.open(`${world.base}/elsewhere/login`);
    expect(answer.status).toBe(500);
    expect(await logged(world, /elsewhere/)).toContain("these handlers answer /elsewhere/login: set mount");
    const api = await client.open(`${world.base}/api/auth/login`);
    expect(api.status).toBe(500);
    expect(await logged(world, /api\/auth/)).toContain("this handler answers /api/auth/login: set mount");
  });

  test("a route that does not exist under the mount is not found", async () => {
    expect((await client.open(`${world.base}/auth/nothing`)).status).toBe(404);
  });

  test("check() is content with a whole configuration", async () => {
    expect(JSON.parse((await client.open(`${world.base}/check`)).body)).toEqual({ ok: true });
  });

  test("after() and unstable_cache do not break: a user's own is given to that user", async () => {
    expect(JSON.parse((await client.open(`${world.base}/after`)).body)).toEqual({ user: "ada" });
    expect(await logged(world, /after: /)).toContain("after: ada");
    const page = async (by: Client) => /<pre>([^<]*)/.exec((await by.open(`${world.base}/cached`)).body)?.[1];
    const [first, second] = [await page(client), await page(client)];
    expect(first).toContain("ada");
    expect(second).toBe(first);
    expect(await page(await signedIn(world, "grace"))).toContain("grace");
    expect(await logged(world, /after the page/)).toContain("after the page of ada");
  });
});
