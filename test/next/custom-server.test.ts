import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Client,
  type ClientResponse,
  createClient,
  createSignedInClient,
  isLatchkeyCookie,
  jsonIn,
} from "./client.js";
import { startWorld, type World } from "./world.js";

const idOf = ({ setCookies }: ClientResponse) =>
  setCookies.filter((line) => isLatchkeyCookie(line) && line.includes(".id."));

describe.each(["bare-15", "bare-16", "main-15", "main-16"])("%s behind Express 5 with latchkey/express", (name) => {
  let world: World;
  let client: Client;
  beforeAll(async () => {
    world = await startWorld(name, { program: "server.mjs", options: { session: { rollAfter: 0 } } });
    client = await createSignedInClient(world);
  });
  afterAll(() => world?.stop());

  const open = (path: string) => client.open(world.base + path);
  const seen = (response: ClientResponse) => jsonIn(response) as { user: string; count: number; header: string };

  test("every kind of page and handler reads the session that Express began", async () => {
    for (const path of ["/account", "/session", "/gssp", "/api/private", "/handler", "/initial", "/auth/me"]) {
      const response = await open(path);
      expect([path, response.status, /Ada Lovelace|"ada"/.test(response.body)]).toEqual([path, 200, true]);
    }
    for (const path of ["/account", "/gssp"])
      expect([path, (await createClient().open(world.base + path)).status]).toEqual([path, 307]);
    expect((await createClient().fetch(`${world.base}/api/private`)).status).toBe(401);
  });

  test("an update in Express is visible to the page of the same request, and stays", async () => {
    const before = seen(await open("/look")).count;
    const response = await open("/look?count=1");
    expect(seen(response).count).toBe(before + 1);
    for (const line of response.setCookies.filter(isLatchkeyCookie))
      expect(seen(response).header).toContain(line.split(";")[0]);
    expect(JSON.parse((await open("/handler?count=1")).body).count).toBe(before + 2);
    expect(seen(await open("/look")).count).toBe(before + 2);
  });

  test("an update in Next after one in Express, in the same request, includes both", async () => {
    const before = seen(await open("/look")).count;
    const response = await open("/api/count?count=1");
    expect(JSON.parse(response.body).data).toEqual({ count: before + 2 });
    expect(idOf(response).length).toBe(1);
    expect(response.setCookies).toContain("own=1; Path=/");
    expect(seen(await open("/look")).count).toBe(before + 2);
  });
});

describe.each(["15", "16"])("Next %s behind Express:", (version) => {
  // If a proxy sets cookies itself, Next drops the cookies that were set before it.
  test("a response has the cookies of Express and of latchkey", async () => {
    const world = await startWorld(`main-${version}`, { program: "server.mjs" });
    try {
      const client = await createSignedInClient(world);
      for (const path of ["/look?count=1", "/gssp?count=1", "/handler?count=1", "/static?count=1"]) {
        const { setCookies } = await client.open(world.base + path);
        expect([path, setCookies.length, setCookies.includes("express=1; Path=/")]).toEqual([path, 2, true]);
      }
      const { setCookies } = await client.open(`${world.base}/look`);
      expect(setCookies).toEqual(["express=1; Path=/"]);
    } finally {
      await world.stop();
    }
  });

  test("a refresh in the proxy and an update in Express are both stored", async () => {
    const world = await startWorld(`main-${version}`, {
      program: "server.mjs",
      accessTokenLifetime: 5,
      options: { session: { rollAfter: 0 } },
    });
    try {
      const client = await createSignedInClient(world);
      const token = async (path: string) => (jsonIn(await client.open(world.base + path)) as { token: string }).token;
      const first = await token("/look");
      await new Promise((resolve) => setTimeout(resolve, 4100));
      const second = await token("/look?count=1");
      expect(second).not.toBe(first);
      expect(await token("/look")).toBe(second);
      expect(world.grants.filter(({ grantType }) => grantType === "refresh_token").length).toBe(1);
    } finally {
      await world.stop();
    }
  });
});
