import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { launch } from "../support/chromium.js";
import { submitForms } from "./chromium.js";
import { createSignedInClient } from "./client.js";
import { startWorld } from "./world.js";

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

describe.each(["15", "16"])("Next %s", (version) => {
  test.each([
    ["the App Router's handlers", "/auth"],
    ["the handlers of an API route", "/api/auth"],
  ])("%s handle a form post from the provider", async (_, mount) => {
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

  test("routes on Node use node:crypto, routes on the edge runtime use Web Crypto, and both read the session", async () => {
    const world = await startWorld(`main-${version}`);
    try {
      const client = await createSignedInClient(world);
      const fetchJson = async (path: string) => JSON.parse((await client.open(world.base + path)).body);
      expect(await fetchJson("/engine")).toMatchObject({ engine: "node", session: { user: { sub: "ada" } } });
      expect(await fetchJson("/edge")).toMatchObject({ engine: "web", session: { user: { sub: "ada" } } });
    } finally {
      await world.stop();
    }
  });

  test("the build prints no warning about latchkey", () => {
    for (const kind of ["main", "mounted", "bare"]) {
      const { output } = inject("apps")[`${kind}-${version}`] ?? { output: "" };
      expect(output).toMatch(/Compiled successfully/);
      const warnings = output.split("\n").filter((line) => /⚠|warn|not supported|unsupported/i.test(line));
      // Next warns about a page of the fixture and about a setting of the variant.
      expect(warnings.filter((line) => !/edge runtime|i18n configuration/i.test(line))).toEqual([]);
      expect(output).not.toMatch(/latchkey\/|jose|hkdf/i);
    }
  });

  test("bundles for browsers contain no server code of latchkey, even for a page that imports it", () => {
    const folder = inject("apps")[`main-${version}`]?.folder as string;
    const files = (path: string) =>
      readdirSync(join(folder, path), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".js"))
        .map((name) => readFileSync(join(folder, path, name), "utf8"));
    const isServerCode = (code: string) => /latchkey\/1\/|jose|hkdf|A256GCM|code_verifier/i.test(code);
    // The pattern matches the server bundles, and the browser bundles contain latchkey's placeholder.
    expect(files(".next/server").some(isServerCode)).toBe(true);
    expect(files(".next/static").some((code) => code.includes("can only be used on the server"))).toBe(true);
    expect(files(".next/static").filter(isServerCode)).toEqual([]);
    expect(existsSync(join(folder, "node_modules/latchkey/core"))).toBe(false);
  });
});
