import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Client, createClient, createSignedInClient } from "./client.js";
import { startWorld, type World } from "./world.js";

/** Waits up to five seconds until the server's output, from this position on, matches `words`. Returns that output. */
async function logged(world: World, words: RegExp, from = 0): Promise<string> {
  const text = () => world.log().slice(from);
  for (let attempt = 0; attempt < 100 && !words.test(text()); attempt++)
    await new Promise((resolve) => setTimeout(resolve, 50));
  return text();
}

describe.each(["15", "16"])("Next %s on a server without latchkey's variables", (version) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld(`bare-${version}`, { options: null });
  });
  afterAll(() => world?.stop());

  test.each(["/home", "/account", "/session", "/gssp", "/api/private", "/auth/login"])(
    "%s fails with 500, and the log names the missing variable",
    async (path) => {
      const before = world.log().length;
      const response = await createClient().open(world.base + path);
      expect(response.status).toBe(500);
      expect(response.body).not.toContain("LATCHKEY_");
      expect(await logged(world, /LATCHKEY_/, before)).toContain("latchkey: set issuer (LATCHKEY_ISSUER)");
    },
  );

  test("check() throws an error that names all missing variables", async () => {
    const { body } = await createClient().open(`${world.base}/check`);
    const { code, message } = JSON.parse(body);
    expect(code).toBe("invalid_config");
    for (const name of ["ISSUER", "CLIENT_ID", "CLIENT_SECRET", "SECRET", "BASE_URL"])
      expect(message).toContain(`(LATCHKEY_${name})`);
  });
});

describe.each(["15", "16"])("Next %s: mistakes of the app", (version) => {
  let world: World;
  let client: Client;
  beforeAll(async () => {
    world = await startWorld(`main-${version}`);
    client = await createSignedInClient(world);
  });
  afterAll(() => world?.stop());

  test("a force-static page that reads the session fails, and the log says what to remove", async () => {
    const response = await client.open(`${world.base}/forced/1`);
    expect(response.status).toBe(500);
    expect(await logged(world, /force-static/)).toContain('remove dynamic = "force-static"');
  });

  test("handlers in a folder other than `mount` fail, and the log says what to set", async () => {
    const response = await client.open(`${world.base}/elsewhere/login`);
    expect(response.status).toBe(500);
    expect(await logged(world, /elsewhere/)).toContain("this handler answers /elsewhere/login: set mount");
    const api = await client.open(`${world.base}/api/auth/login`);
    expect(api.status).toBe(500);
    expect(await logged(world, /api\/auth/)).toContain("this handler answers /api/auth/login: set mount");
  });

  test("a route that does not exist under the mount is not found", async () => {
    expect((await client.open(`${world.base}/auth/nothing`)).status).toBe(404);
  });

  test("check() accepts a complete configuration", async () => {
    expect(JSON.parse((await client.open(`${world.base}/check`)).body)).toEqual({ ok: true });
  });

  test("after() and unstable_cache work beside the session, and each user gets their own data", async () => {
    expect(JSON.parse((await client.open(`${world.base}/after`)).body)).toEqual({ user: "ada" });
    expect(await logged(world, /after: /)).toContain("after: ada");
    const page = async (by: Client) => /<pre>([^<]*)/.exec((await by.open(`${world.base}/cached`)).body)?.[1];
    const [first, second] = [await page(client), await page(client)];
    expect(first).toContain("ada");
    expect(second).toBe(first);
    expect(await page(await createSignedInClient(world, "grace"))).toContain("grace");
    expect(await logged(world, /after the page/)).toContain("after the page of ada");
  });
});
