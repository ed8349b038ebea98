// npm run screenshots: takes the pictures in docs/images of the demo, of the page of a failed sign-in, and of an example.
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium as playwright } from "playwright-core";
import { buildIfNeeded } from "../examples/build.js";

const root = fileURLToPath(new URL("..", import.meta.url));
mkdirSync(join(root, "docs/images"), { recursive: true });

// With this variable the package brings the system libraries that the machine may lack.
process.env["AWS_EXECUTION_ENV"] ??= "AWS_Lambda_nodejs20.x";
const { default: chromium } = await import("@sparticuz/chromium");
const executablePath = await chromium.executablePath();
const browser = await playwright.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });

/** A browser of its own for each picture. @param {{ width?: number, height?: number, colorScheme?: "light" | "dark" }} [look] */
async function open({ width = 720, height = 400, colorScheme = "light" } = {}) {
  const page = await (await browser.newContext({ viewport: { width, height }, colorScheme })).newPage();
  page.setDefaultTimeout(15_000);
  return page;
}

/** Takes a picture in WebP, which takes a third of the bytes of PNG. @param {import("playwright-core").Page} page @param {string} name */
async function take(page, name) {
  const png = (await page.screenshot()).toString("base64");
  await page.goto("about:blank");
  const webp = await page.evaluate(async (data) => {
    const image = new Image();
    image.src = `data:image/png;base64,${data}`;
    await image.decode();
    const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
    canvas.getContext("2d")?.drawImage(image, 0, 0);
    return canvas.toDataURL("image/webp", 0.9);
  }, png);
  await page.context().close();
  const path = `docs/images/${name}.webp`;
  writeFileSync(join(root, path), Buffer.from(webp.slice(webp.indexOf(",") + 1), "base64"));
  console.log(path);
}

/** @param {string} app */
async function takeErrorPages(app) {
  for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
    const page = await open({ colorScheme });
    await page.goto(`${app}/auth/callback?state=old&code=old`);
    await take(page, `failed-${colorScheme}`);
  }
  const page = await open();
  await page.goto(`${app}/auth/login`);
  await page.click("button:has-text('Cancel')");
  await page.waitForSelector("text=You cancelled");
  await take(page, "cancelled");
}

/** @param {string} app */
async function takeDemo(app) {
  const page = await open({ width: 1000, height: 700 });
  await page.goto(app);
  await page.click("#sign-in");
  await page.click("button:has-text('Sign in')");
  await page.click("button:has-text('Allow')");
  await page.waitForSelector("#refresh");
  await page.click("#refresh");
  await page.waitForSelector("h2:has-text('The last refresh')");
  await page.reload();
  await take(page, "demo");
}

/** Starts an example as `npm run example` does, and waits for the address that it prints. @param {string} name */
async function startExample(name) {
  const child = spawn(process.execPath, ["examples/start.js", name], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  for await (const part of child.stdout.setEncoding("utf8").iterator({ destroyOnReturn: false })) {
    output += part;
    const address = /: (http:\S+)\n/.exec(output)?.[1];
    if (address) return { address, stop: () => child.kill("SIGINT") };
  }
  throw new Error(`the example did not start: ${output}`);
}

await buildIfNeeded({ types: false });
const { start } = await import("../examples/demo/start.js");
const demo = await start();
await takeErrorPages(demo.world.app);
demo.clearEvents();
await takeDemo(demo.world.app);
await demo.stop();
const example = await startExample("express");
const page = await open({ height: 280 });
await page.goto(example.address);
await take(page, "example");
example.stop();
await browser.close();
