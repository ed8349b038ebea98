import { type Browser, chromium as playwright } from "playwright-core";

/** Launches the Chromium that comes with the development dependencies. */
export async function launch(): Promise<Browser> {
  // With this variable the package brings the system libraries that the machine may lack.
  process.env["AWS_EXECUTION_ENV"] ??= "AWS_Lambda_nodejs20.x";
  const { default: chromium } = await import("@sparticuz/chromium");
  const executablePath = await chromium.executablePath();
  return playwright.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
}
