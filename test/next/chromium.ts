import type { Page } from "playwright-core";
import type { World } from "./world.js";

/** Fills in and submits the provider's forms in a browser page. */
export async function submitForms(page: Page, name = "ada"): Promise<void> {
  await page.fill("[name=name]", name);
  await page.fill("[name=password]", "demo");
  await page.click("button:has-text('Sign in')");
  await page.click("button:has-text('Allow')");
}

/** Signs in from the app's home page, as a user does, and waits until the browser is back there. */
export async function signIn(page: Page, { base }: World, name = "ada"): Promise<void> {
  await page.goto(`${base}/home`);
  await page.click("text=Sign in here");
  await submitForms(page, name);
  await page.waitForURL(`${base}/home`);
}

/** Opens a page that needs a session, signs in, and waits until the browser is back at that page. */
export async function signInAt(page: Page, { base }: World, path: string, name = "ada"): Promise<void> {
  await page.goto(base + path);
  await submitForms(page, name);
  await page.waitForURL(base + path);
}
