import { type Browser, chromium as playwright } from "playwright-core";

/** The path of the Chromium that comes with the development dependencies, which is unpacked at the first call. */
async function chromiumPath(): Promise<string> {
  // With this variable the package brings the system libraries that the machine may lack.
  process.env["AWS_EXECUTION_ENV"] ??= "AWS_Lambda_nodejs20.x";
  const { default: chromium } = await import("@sparticuz/chromium");
  return chromium.executablePath();
}

/** Unpacks Chromium before the first test: of two files that unpack it at once, one would launch what the other still writes. */
export async function setup(): Promise<void> {
  await chromiumPath();
}

/** Launches the Chromium that comes with the development dependencies. */
export async function launch(): Promise<Browser> {
  return playwright.launch({ executablePath: await chromiumPath(), args: ["--no-sandbox", "--disable-gpu"] });
}
