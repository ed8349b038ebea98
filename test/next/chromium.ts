import type { Page } from "playwright-core";
import type { World } from "./world.js";

/** Fills in the provider's forms by hand. */
export async function submitForms(page: Page, name = "ada"): Promise<void> {
  await page.fill("[name=name]", name);
  await page.fill("[name=password]", "demo");
  await page.click("button:has-text('Sign in')");
  await page.click("button:has-text('Allow')");
}

/** Signs in by hand, from the app's page and back to it. */
export async function signIn(page: Page, { base }: World, name = "ada"): Promise<void> {
  await page.goto(`${base}/home`);
  await page.click("text=Sign in here");
  await submitForms(page, name);
  await page.waitForURL(`${base}/home`);
}
