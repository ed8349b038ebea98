import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { drawMachines } from "../support/diagram.js";

const README = new URL("../../README.md", import.meta.url);
const [BEGIN, END] = ["<!-- diagram:begin -->\n", "\n<!-- diagram:end -->"];

test("the diagrams in the README are drawn from the tables (npm run diagram)", () => {
  const readme = readFileSync(README, "utf8");
  const [start, end] = [readme.indexOf(BEGIN) + BEGIN.length, readme.indexOf(END)];
  expect(start).toBeGreaterThan(BEGIN.length);
  const current = readme.slice(0, start) + drawMachines() + readme.slice(end);
  if (process.env["LATCHKEY_DRAW"]) writeFileSync(README, current);
  else expect(readme).toBe(current);
});
