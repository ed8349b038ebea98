import { type Browser, chromium as playwright } from "playwright-core";

/** A real Chromium, the one that comes with the packages of this repository. */
export async function launch(): Promise<Browser> {
  // Makes the package bring its own system libraries along where the machine has none.
  process.env["AWS_EXECUTION_ENV"] ??= "AWS_Lambda_nodejs20.x";
  const { default: chromium } = await import("@sparticuz/chromium");
  const executablePath = await chromium.executablePath();
  return playwright.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
}
