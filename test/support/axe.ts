import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** How a page may be shown: with either color scheme, and on a small phone. */
export const looks: ReadonlyArray<[string, BrowserContextOptions]> = [
  ["light", { colorScheme: "light" }],
  ["dark", { colorScheme: "dark" }],
  ["on a screen of 320 pixels", { colorScheme: "light", viewport: { width: 320, height: 640 } }],
];

/** Opens a page into which axe can be put, whatever the page's Content-Security-Policy. */
export async function openPage(browser: Browser, look: BrowserContextOptions): Promise<Page> {
  const page = await (await browser.newContext({ ...look, bypassCSP: true })).newPage();
  page.setDefaultTimeout(15_000);
  return page;
}

/** What hinders people on the page that is shown: what axe finds (WCAG 2.2 AA, best practices), a page wider than the screen. */
export async function barriers(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    // axe takes a page without a background for white. The browser paints this color, which depends on the page's color scheme.
    const { background } = document.documentElement.style;
    const painted = [document.documentElement, document.body].map((each) => getComputedStyle(each).backgroundColor);
    if (painted.every((color) => color === "rgba(0, 0, 0, 0)")) document.documentElement.style.background = "canvas";
    // biome-ignore lint/suspicious/noExplicitAny: axe is put into the page as text.
    const { violations } = await (globalThis as any).axe.run();
    const { scrollWidth, clientWidth } = document.documentElement;
    document.documentElement.style.background = background;
    return [
      ...violations.flatMap(({ id, nodes }: { id: string; nodes: Array<{ html: string; failureSummary: string }> }) =>
        nodes.map(({ html, failureSummary }) => `${document.title}: ${id}: ${html}: ${failureSummary}`),
      ),
      ...(scrollWidth > clientWidth ? [`${document.title}: ${scrollWidth} pixels wide`] : []),
    ];
  });
}

/** The texts of the links, buttons and fields that the Tab key reaches, in order. One without a visible outline has "(hidden)". */
export async function tabStops(page: Page, count: number): Promise<string[]> {
  const stops: string[] = [];
  for (let presses = 0; presses < count; presses++) {
    await page.keyboard.press("Tab");
    stops.push(
      await page.evaluate(() => {
        const { activeElement } = document;
        if (!activeElement) return "";
        const { outlineStyle, outlineWidth } = getComputedStyle(activeElement);
        const isVisible = outlineStyle !== "none" && Number.parseFloat(outlineWidth) > 0;
        return `${activeElement.textContent}${isVisible ? "" : " (hidden)"}`;
      }),
    );
  }
  return stops;
}
