import { type Browser, type Page, chromium as playwright } from "playwright-core";
import type { World } from "./world.js";

export async function launch(): Promise<Browser> {
  // Makes the package bring its own system libraries along where the machine has none.
  process.env["AWS_EXECUTION_ENV"] ??= "AWS_Lambda_nodejs20.x";
  const { default: chromium } = await import("@sparticuz/chromium");
  const executablePath = await chromium.executablePath();
  return playwright.launch({ executablePath, args: ["--no-sandbox", "--no-zygote", "--disable-gpu"] });
}

/** Fills in the provider's forms by hand. */
export async function answerForms(page: Page, name = "ada"): Promise<void> {
  await page.fill("[name=name]", name);
  await page.fill("[name=password]", "demo");
  await page.click("button:has-text('Sign in')");
  await page.click("button:has-text('Allow')");
}

/** Signs in by hand, from the app's page and back to it. */
export async function signIn(page: Page, { base }: World, name = "ada"): Promise<void> {
  await page.goto(`${base}/home`);
  await page.click("text=Sign in here");
  await answerForms(page, name);
  await page.waitForURL(`${base}/home`);
}
