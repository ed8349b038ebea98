import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = new URL("../../", import.meta.url);
const read = (path: string) => readFileSync(fileURLToPath(new URL(path, root)), "utf8");
const rows = read("test/security/advisories.md")
  .split("\n")
  .filter((line) => /^\| [A-Z]\d+ \|/.test(line))
  .map((line) => line.split("|").map((cell) => cell.trim()));

describe("the list of holes", () => {
  test("has each key once", () => {
    const keys = rows.map(([, key]) => key);
    expect(keys).toContain("L1");
    expect(new Set(keys).size).toBe(keys.length);
  });

  test.each(rows.map((cells) => [cells[1] as string, cells.at(-2) as string]))(
    "%s names tests that exist",
    (_key, cell) => {
      const named = [...cell.matchAll(/`([^`]+)` “([^”]+)”/g)].map(([, path = "", words = ""]) => ({ path, words }));
      if (named.length === 0) expect(cell).toMatch(/^none: \w+/);
      for (const { path, words } of named) {
        expect([path, existsSync(new URL(path, root))]).toEqual([path, true]);
        expect(read(path), words).toContain(words);
      }
    },
  );
});
