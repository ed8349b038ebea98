import type { Page } from "playwright-core";
import type { RunningProvider } from "./provider.js";

/** Milliseconds between two looks at a page. */
const PAUSE = 25;

/**
 * Does what the user does on the provider's pages, until the browser is at `origin` again. Returns what the provider asked for, in
 * order.
 * @param patience milliseconds until the user gives up
 */
export async function answerPages(
  page: Page,
  { pages }: RunningProvider,
  origin: string,
  patience = 15_000,
): Promise<string[]> {
  const answered: string[] = [];
  const end = Date.now() + patience;
  while (Date.now() < end) {
    const { origin: current, pathname } = new URL(page.url());
    // A form that the provider posts is at the callback for a moment.
    if (current === origin && pathname !== "/auth/callback") {
      await page.waitForLoadState();
      if (pathname.startsWith("/auth/")) break;
      return answered;
    }
    for (const [name, { selector, answer }] of Object.entries(pages)) {
      const part = page.locator(selector).first();
      if (!(await part.isVisible().catch(() => false))) continue;
      await answer(page);
      answered.push(name);
      await part.waitFor({ state: "hidden" });
    }
    // The error page of latchkey.
    if (current === origin && (await page.locator("code").count())) break;
    await page.waitForTimeout(PAUSE);
  }
  throw new Error(`the browser stays at ${page.url()} after ${answered}: ${await page.innerText("body")}`);
}

/** The response of the app to a script of its page, as JSON. */
export const fetchJson = <T>(page: Page, path: string): Promise<T> =>
  page.evaluate(async (url) => (await fetch(url)).json(), path);

/** Sends a form of the app's page, and waits until the browser has left the page. */
export async function postForm(page: Page, path: string): Promise<void> {
  const left = page.waitForEvent("framenavigated");
  await page.evaluate((action) => {
    const form = Object.assign(document.createElement("form"), { method: "post", action });
    document.body.append(form);
    form.submit();
  }, path);
  await left;
}
