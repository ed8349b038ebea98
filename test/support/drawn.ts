import { readFileSync, writeFileSync } from "node:fs";
import { expect } from "vitest";

const README = new URL("../../README.md", import.meta.url);

/** Expects the text between two markers of the README to be `drawn`. With LATCHKEY_DRAW set, writes `drawn` there instead. */
export function expectDrawn(name: string, drawn: string): void {
  const readme = readFileSync(README, "utf8");
  const [begin, end] = [`<!-- ${name}:begin -->\n`, `\n<!-- ${name}:end -->`];
  const [start, stop] = [readme.indexOf(begin) + begin.length, readme.indexOf(end)];
  expect(start).toBeGreaterThan(begin.length);
  expect(stop).toBeGreaterThanOrEqual(start);
  const current = readme.slice(0, start) + drawn + readme.slice(stop);
  if (process.env["LATCHKEY_DRAW"]) writeFileSync(README, current);
  else expect(readme).toBe(current);
}
