import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { launch } from "../support/chromium.js";
import { submitForms } from "./chromium.js";
import { createClient, printed, signedIn } from "./client.js";
import { startWorld } from "./world.js";

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

describe.each(["15", "16"])("Next %s", (version) => {
  test.each([
    ["the App Router's handlers", "/auth"],
    ["an API route", "/api/auth"],
  ])("a provider that answers by a form is understood by %s", async (_, mount) => {
    const world = await startWorld(`main-${version}`, { mount, options: { responseMode: "form_post" } });
    const context = await browser.newContext();
    try {
      context.setDefaultTimeout(15_000);
      const page = await context.newPage();
      const posted = page.waitForRequest(
        (request) => request.method() === "POST" && request.url().includes("/callback"),
      );
      await page.goto(`${world.base}${mount}/login?returnTo=/account`);
      await submitForms(page);
      await page.waitForURL(`${world.base}/account`);
      expect(await page.textContent("h1")).toBe("Account of Ada Lovelace");
      expect((await posted).url()).toBe(`${world.base}${mount}/callback`);
      await page.goto(`${world.base}/gssp`);
      expect(await page.textContent("h1")).toBe("Ada Lovelace (ada)");
    } finally {
      await context.close();
      await world.stop();
    }
  });

  test("Node's code seals with the engine of Node, the edge runtime's with Web Crypto; both know who is there", async () => {
    const world = await startWorld(`main-${version}`);
    try {
      const client = await signedIn(world);
      const at = async (path: string) => JSON.parse((await client.open(world.base + path)).body);
      expect(await at("/engine")).toMatchObject({ engine: "node", session: { user: { sub: "ada" } } });
      expect(await at("/edge")).toMatchObject({ engine: "web", session: { user: { sub: "ada" } } });
    } finally {
      await world.stop();
    }
  });

  test("the build has no warning of ours", () => {
    for (const kind of ["main", "mounted", "bare"]) {
      const { output } = inject("apps")[`${kind}-${version}`] ?? { output: "" };
      expect(output).toMatch(/Compiled successfully/);
      const warnings = output.split("\n").filter((line) => /⚠|warn|not supported|unsupported/i.test(line));
      // Next's own: about a page of the fixture, and about a setting of the variant.
      expect(warnings.filter((line) => !/edge runtime|i18n configuration/i.test(line))).toEqual([]);
      expect(output).not.toMatch(/latchkey\/|jose|hkdf/i);
    }
  });

  test("bundles for browsers have none of our code for servers, also of a page that imports it", () => {
    const folder = inject("apps")[`main-${version}`]?.folder as string;
    const files = (path: string) =>
      readdirSync(join(folder, path), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".js"))
        .map((name) => readFileSync(join(folder, path, name), "utf8"));
    const isServers = (code: string) => /latchkey\/1\/|jose|hkdf|A256GCM|code_verifier/i.test(code);
    // It is what servers have; and what stands in for it is there.
    expect(files(".next/server").some(isServers)).toBe(true);
    expect(files(".next/static").some((code) => code.includes("can only be used on the server"))).toBe(true);
    expect(files(".next/static").filter(isServers)).toEqual([]);
    expect(existsSync(join(folder, "node_modules/latchkey/core"))).toBe(false);
  });
});

describe("Next 16 with cacheComponents", () => {
  test("a page with a session inside Suspense is built as a shell, and filled in for each visitor", async () => {
    expect(inject("apps")["cached-16"]?.output).toMatch(/◐ \/who/);
    const world = await startWorld("cached-16");
    try {
      const nobody = await createClient().open(`${world.base}/who`);
      expect(printed(nobody)).toBe(null);
      expect(nobody.body).toContain("The shell");
      const start = createClient();
      expect((await start.open(`${world.base}/auth/login`)).status).toBe(302);
      const client = await signedIn(world, "ada", "/auth", "/who");
      expect(printed(await client.open(`${world.base}/who`))).toBe("ada");
    } finally {
      await world.stop();
    }
  });
});
