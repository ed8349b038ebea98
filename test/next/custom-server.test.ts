import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answer, type Client, createClient, isOurs, printed, signedIn } from "./client.js";
import { startWorld, type World } from "./world.js";

const idOf = ({ setCookies }: Answer) => setCookies.filter((line) => isOurs(line) && line.includes(".id."));

describe.each(["bare-15", "bare-16", "main-15", "main-16"])("%s behind Express 5 with latchkey/express", (name) => {
  let world: World;
  let client: Client;
  beforeAll(async () => {
    world = await startWorld(name, { program: "server.mjs", options: { session: { rollAfter: 0 } } });
    client = await signedIn(world);
  });
  afterAll(() => world?.stop());

  const open = (path: string) => client.open(world.base + path);
  const seen = (answer: Answer) => printed(answer) as { user: string; count: number; header: string };

  test("every kind of page and handler knows who Express signed in", async () => {
    for (const path of ["/account", "/session", "/gssp", "/api/private", "/handler", "/initial", "/auth/me"]) {
      const answer = await open(path);
      expect([path, answer.status, /Ada Lovelace|"ada"/.test(answer.body)]).toEqual([path, 200, true]);
    }
    for (const path of ["/account", "/gssp"])
      expect([path, (await createClient().open(world.base + path)).status]).toEqual([path, 307]);
    expect((await createClient().fetch(`${world.base}/api/private`)).status).toBe(401);
  });

  test("what Express wrote is seen by the page of the same request, and kept", async () => {
    const before = seen(await open("/look")).count;
    const answer = await open("/look?count=1");
    expect(seen(answer).count).toBe(before + 1);
    for (const line of answer.setCookies.filter(isOurs)) expect(seen(answer).header).toContain(line.split(";")[0]);
    expect(JSON.parse((await open("/handler?count=1")).body).count).toBe(before + 2);
    expect(seen(await open("/look")).count).toBe(before + 2);
  });

  test("what Next writes after Express, in the same request, is what stays", async () => {
    const before = seen(await open("/look")).count;
    const answer = await open("/api/count?count=1");
    expect(JSON.parse(answer.body).data).toEqual({ count: before + 2 });
    expect(idOf(answer).length).toBe(1);
    expect(answer.setCookies).toContain("own=1; Path=/");
    expect(seen(await open("/look")).count).toBe(before + 2);
  });
});

describe.each(["15", "16"])("Next %s behind Express:", (version) => {
  // Where a proxy sets cookies by itself, Next drops those that were set before it.
  test("cookies of Express arrive beside those of latchkey", async () => {
    const world = await startWorld(`main-${version}`, { program: "server.mjs" });
    try {
      const client = await signedIn(world);
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

  test("a refresh that the proxy made is kept beside what Express wrote", async () => {
    const world = await startWorld(`main-${version}`, {
      program: "server.mjs",
      accessTokenLifetime: 5,
      options: { session: { rollAfter: 0 } },
    });
    try {
      const client = await signedIn(world);
      const token = async (path: string) => (printed(await client.open(world.base + path)) as { token: string }).token;
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
