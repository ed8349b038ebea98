import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { launch } from "../support/chromium.js";
import { signInAt } from "./chromium.js";
import { createClient, createSignedInClient, jsonIn } from "./client.js";
import { startWorld, type World } from "./world.js";

const COMPLAINTS = /unstable value|runtime data|error|⨯|⚠/i;

describe("Next 16 with cacheComponents and partialPrefetching", () => {
  let api: Server;
  let browser: Browser;
  let options: Record<string, unknown>;
  let world: World;
  beforeAll(async () => {
    browser = await launch();
    api = createServer((req, res) => res.end(req.headers.authorization));
    await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
    options = { apiOrigins: [`http://127.0.0.1:${(api.address() as AddressInfo).port}`] };
    world = await startWorld("cached-16", { options });
  });
  afterAll(async () => {
    await browser?.close();
    await world?.stop();
    api?.close();
  });

  test("the build needs no options, complains about nothing, and prerenders the shell of each page", () => {
    const output = inject("apps")["cached-16"]?.output;
    for (const path of ["/who", "/all", "/private"]) expect(output).toContain(`◐ ${path}\n`);
    for (const path of ["/bare", "/given", "/wrapped", "/protected"]) expect(output).toContain(`ƒ ${path}\n`);
    expect(output).not.toMatch(COMPLAINTS);
  });

  test("a page that reads the session inside Suspense is prerendered as a shell and completed for each user", async () => {
    const signedOut = await createClient().open(`${world.base}/who`);
    expect(jsonIn(signedOut)).toBe(null);
    expect(signedOut.body).toContain("The shell");
    const client = await createSignedInClient(world, "ada", "/auth", "/who");
    expect(jsonIn(await client.open(`${world.base}/who`))).toBe("ada");
  });

  test.each(["/bare", "/given", "/wrapped"])("the route handler %s reads the session", async (path) => {
    expect((await createClient().open(world.base + path)).body).toBe("null");
    const client = await createSignedInClient(world, "ada", "/auth", "/who");
    expect((await client.open(world.base + path)).body).toBe('"ada"');
  });

  test("a function with `use cache: private` reads the session", async () => {
    expect(jsonIn(await createClient().open(`${world.base}/private`))).toBe(null);
    const client = await createSignedInClient(world, "ada", "/auth", "/who");
    expect(jsonIn(await client.open(`${world.base}/private`))).toBe("ada");
  });

  test.each(["start", "dev"])(
    "next %s: no read in a page, a layout, its title or an action is reported, prefetched or not",
    async (command) => {
      const app =
        command === "start" ? world : await startWorld("cached-16", { options, command: [command], host: "localhost" });
      const context = await browser.newContext();
      context.setDefaultTimeout(60_000);
      try {
        const page = await context.newPage();
        await signInAt(page, app, "/all");
        await page.waitForSelector("text=Layout: Ada Lovelace");
        await expect.poll(() => page.title()).toBe("Title: Ada Lovelace");
        const shown = async () => JSON.parse(decodeURIComponent((await page.textContent("pre")) as string));
        expect(await shown()).toEqual({ sub: "ada", isSent: true, count: 0 });
        await page.click("button");
        await expect.poll(shown).toEqual({ sub: "ada", isSent: true, count: 1 });
        for (const path of ["/who", "/private", "/all"]) {
          await page.goto(`${app.base}/links`, { waitUntil: "networkidle" });
          await page.click(`text=To ${path}`);
          await page.waitForSelector("pre");
        }
        await page.waitForTimeout(1000);
        expect(
          app
            .log()
            .split("\n")
            .filter((line) => COMPLAINTS.test(line)),
        ).toEqual([]);
      } finally {
        await context.close();
        if (app !== world) await app.stop();
      }
    },
  );
});
