import { readFileSync, writeFileSync } from "node:fs";
import { expect } from "vitest";

/**
 * Expects the text between two markers of a page, `<!-- name:begin -->` and `<!-- name:end -->`, to be `drawn`. With LATCHKEY_DRAW
 * the text is written there instead. The path begins at the root of the repository.
 */
export function expectDrawn(path: string, name: string, drawn: string): void {
  const page = new URL(`../../${path}`, import.meta.url);
  const text = readFileSync(page, "utf8");
  const [begin, end] = [`<!-- ${name}:begin -->\n`, `\n<!-- ${name}:end -->`];
  const [start, stop] = [text.indexOf(begin) + begin.length, text.indexOf(end)];
  expect(start).toBeGreaterThan(begin.length - 1);
  expect(stop).toBeGreaterThanOrEqual(start);
  const current = text.slice(0, start) + drawn + text.slice(stop);
  if (process.env["LATCHKEY_DRAW"]) writeFileSync(page, current);
  else expect(text).toBe(current);
}
