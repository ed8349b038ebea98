import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const LIST = "test/security/advisories.md";
const root = fileURLToPath(new URL("../../", import.meta.url));
const read = (path: string) => readFileSync(root + path, "utf8");

interface Hole {
  readonly key: string;
  /** The whole row, which names files of `core/` and `adapters/` as the defence. */
  readonly row: string;
  readonly tests: string;
}

const holes: Hole[] = read(LIST)
  .split("\n")
  .filter((line) => /^\| [A-Z]\d+ \|/.test(line))
  .map((row) => {
    const cells = row.split("|").map((cell) => cell.trim());
    return { key: cells[1] ?? "", row, tests: cells.at(-2) ?? "" };
  });

const KEY = /\b([JLPS])(\d{1,2})\b(?: to \1(\d{1,2})\b)?/g;

/** The keys in a text; "S13 to S17" means five keys. */
function keysIn(text: string): string[] {
  return [...text.matchAll(KEY)].flatMap(([, letter, first, last = first]) =>
    Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => `${letter}${Number(first) + index}`),
  );
}

/** The texts of a test file that begin with a key or end with one in parentheses: the names of its tests. */
const namesIn = (source: string): string =>
  [...source.matchAll(/"(?:[^"\\\n]|\\.)*"/g)]
    .map(([text]) => text)
    .filter((text) => /^"[A-Z]\d+\b|\([A-Z]\d+\)"$/.test(text))
    .join("\n");

describe("the list of holes", () => {
  test("has each key once", () => {
    const keys = holes.map(({ key }) => key);
    expect(keys).toContain("L1");
    expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
  });

  test("has every key that the code, the tests and SECURITY.md cite", () => {
    const files = execFileSync("git", ["ls-files", "core", "adapters", "test", "SECURITY.md"], {
      cwd: root,
      encoding: "utf8",
    });
    const cited = files
      .split("\n")
      .filter((path) => /\.(?:ts|tsx|js|md)$/.test(path) && path !== LIST && existsSync(root + path))
      .flatMap((path) => keysIn(read(path)).map((key) => `${key} in ${path}`));
    const listed = new Set(holes.map(({ key }) => key));
    expect(cited.length).toBeGreaterThan(100);
    expect(cited.filter((citation) => !listed.has(citation.split(" ")[0] ?? ""))).toEqual([]);
  });

  test.each(holes)("$key names tests that exist", ({ key, tests }) => {
    const named = [...tests.matchAll(/`([^`]+)`(?: “([^”]+)”)?/g)].map(([, path = "", words]) => ({ path, words }));
    if (named.length === 0) expect(tests).toMatch(/^none: \w+/);
    for (const { path, words } of named) {
      expect([path, existsSync(root + path)]).toEqual([path, true]);
      if (words === undefined) expect(keysIn(namesIn(read(path))), path).toContain(key);
      else expect(read(path), words).toContain(words);
    }
  });

  test.each(holes)("$key names a defence that exists", ({ row }) => {
    const missing = [...row.matchAll(/`((?:core|adapters)\/[^`]+)`/g)].filter(([, path]) => !existsSync(root + path));
    expect(missing.map(([, path]) => path)).toEqual([]);
  });
});
