import { createRequire } from "node:module";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type CookieAttributes, readCookies } from "../../../core/cookie/header.js";
import { createJar } from "../../../core/cookie/jar.js";
import { cookieHeaderAfter } from "../../../core/cookie/lines.js";
import { BLANKS, NO_BLANK } from "../../support/blanks.js";
import { runs } from "../../support/runs.js";

const PREFIX = "__Host-latchkey.";
const ATTRIBUTES: CookieAttributes = { secure: true, sameSite: "lax" };

/** A parser of a Cookie header; a pair without "=" is a name. */
type Parse = (header: string) => Array<readonly [name: string, value: string]>;

const pairOf = (part: string, trim: (text: string) => string) => {
  const end = part.indexOf("=");
  return end < 0 ? ([trim(part), ""] as const) : ([trim(part.slice(0, end)), trim(part.slice(end + 1))] as const);
};

const require = createRequire(import.meta.url);
/** The parsers of Next and of Express, as they are installed. */
const { parseCookie } = require("next/dist/compiled/@edge-runtime/cookies") as {
  parseCookie(header: string): Map<string, string>;
};
const cookie = createRequire(require.resolve("express"))("cookie") as {
  parse(header: string): Record<string, string>;
};

const lenientParsers: Record<string, Parse> = {
  "a parser that trims with String.trim": (header) =>
    header.split(";").map((part) => pairOf(part, (text) => text.trim())),
  "a parser that removes all characters that no name begins with": (header) =>
    header.split(";").map((part) => pairOf(part.replace(/^[^!#$%&'*+\-.^_`|~0-9A-Za-z]+/, ""), (text) => text.trim())),
  "Next's parser": (header) => [...parseCookie(header)],
  "Express's parser": (header) => Object.entries(cookie.parse(header)),
};

/** Pieces of a header. Together they make pairs, names and prefixes in unusual places. */
const piece = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(PREFIX, `${PREFIX}a=1`, `${PREFIX}b`, `${PREFIX}end.9`, "theme=dark", "x") },
  { weight: 3, arbitrary: fc.constantFrom(";", "; ", "=", '"') },
  { weight: 2, arbitrary: fc.constantFrom(...BLANKS, ...NO_BLANK, "ï»¿", "Â\u00a0") },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 0xff }).map((code) => String.fromCharCode(code)) },
);
const headers = fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(""));

const changes = fc.array(
  fc.record({
    name: fc.constantFrom("a", "b", "end.9", "AbCdEf.id.0"),
    value: fc.constantFrom(undefined, "v", "w-_.1"),
  }),
  { maxLength: 4 },
);

/** A jar after some writes, and the Set-Cookie lines of the writes. */
function written(header: string, steps: Array<{ name: string; value: string | undefined }>) {
  const jar = createJar(header, PREFIX, ATTRIBUTES);
  for (const { name, value } of steps) {
    if (value === undefined) jar.delete(PREFIX + name);
    else jar.set(PREFIX + name, value, 60);
  }
  return { jar, lines: [...jar.take().values()] };
}

/** The cookies of other software, without spaces and tabs around them. */
const othersIn = (header: string) =>
  header
    .split(";")
    .map((part) => part.replace(/^[ \t]+/, "").replace(/[ \t]+$/, ""))
    .filter((part) => part !== "" && !part.replace(/^[^!#$%&'*+\-.^_`|~0-9A-Za-z]+/, "").startsWith(PREFIX));

describe("the Cookie header that latchkey passes on after a write", () => {
  test("has latchkey's cookies as in the jar, and those of other software as they were sent", () => {
    fc.assert(
      fc.property(headers, changes, (header, steps) => {
        const { jar, lines } = written(header, steps);
        const after = cookieHeaderAfter(header, lines, PREFIX);
        const nextJar = createJar(after, PREFIX, ATTRIBUTES);
        expect(nextJar.names().sort()).toEqual(jar.names().sort());
        for (const name of jar.names()) expect(nextJar.get(name)).toBe(jar.get(name));
        expect(othersIn(after)).toEqual(othersIn(header));
        // The next handler may pass the header on again.
        expect(cookieHeaderAfter(after, [], PREFIX)).toBe(after);
      }),
      runs(),
    );
  });

  test.each(Object.entries(lenientParsers))(
    "gives %s only those names with the prefix that the jar has",
    (_parser, parse) => {
      fc.assert(
        fc.property(headers, changes, (header, steps) => {
          const { jar, lines } = written(header, steps);
          const parsed = parse(cookieHeaderAfter(header, lines, PREFIX)).filter(([name]) => name.startsWith(PREFIX));
          for (const [name] of parsed) expect(jar.names()).toContain(name);
        }),
        runs(),
      );
    },
  );

  test("a cookie that was sent twice is passed on twice", () => {
    const header = `${PREFIX}a=1; x=y; ${PREFIX}a=2`;
    expect(readCookies(cookieHeaderAfter(header, [], PREFIX), PREFIX)).toEqual(readCookies(header, PREFIX));
  });

  test.each([...BLANKS, ...NO_BLANK, "=", "==", '"', "'\"", "ï»¿", "Â\u00a0", "\u00a0=", "(", ",", "[", "é", "\u0000"])(
    "a name after %j is not read as latchkey's, unless browsers trim the character",
    (before) => {
      const after = cookieHeaderAfter(`x=1; ${before}${PREFIX}a=2; y=3`, [`${PREFIX}b=4; Path=/`], PREFIX);
      const isTrimmed = before === " " || before === "\t";
      const isOtherName = before === "'\"";
      const passedOn = isTrimmed ? [`${PREFIX}a=2`] : isOtherName ? [`${before}${PREFIX}a=2`] : [];
      expect(after).toBe(["x=1", ...passedOn, "y=3", `${PREFIX}b=4`].join("; "));
    },
  );

  test.each([
    ["without a value", `${PREFIX}end.9`],
    ["without a name", `=${PREFIX}end.9`],
    ["with a blank in its name", `${PREFIX}end.9 x=1`],
    ["with a no-break space after its name", `${PREFIX}end.9\u00a0=1`],
    ["that is the prefix alone, without a value", PREFIX],
  ])("a pair %s is removed", (_what, pair) => {
    expect(cookieHeaderAfter(` ${pair} `, [], PREFIX)).toBe("");
    expect(cookieHeaderAfter(`x=1;${pair};y=2`, [], PREFIX)).toBe("x=1; y=2");
  });

  test("cookies of other software keep their bytes: blanks, quotes, encodings, a missing name or value", () => {
    const others =
      'q="x y"; n=\u00a0a\u00a0; \u00a0m=1; odd; =nameless; pct=%7B; u=Ã©; __Host-other=1; x__Host-latchkey.a=1';
    expect(cookieHeaderAfter(others, [`${PREFIX}a=1; Path=/`], PREFIX)).toBe(`${others}; ${PREFIX}a=1`);
  });

  test("is empty if no cookie is left", () => {
    const deletion = `${PREFIX}a=; Path=/; Max-Age=0; HttpOnly`;
    for (const header of [null, undefined, "", ";", " ; ", `${PREFIX}a=1`])
      expect(cookieHeaderAfter(header, [deletion], PREFIX)).toBe("");
  });

  test("cookies that a framework printed anew are spelled as they were sent, and cookies that it made up are removed", () => {
    const sent = `${PREFIX}a=%31; ${PREFIX}b; ${PREFIX}c=1; ${PREFIX}c=2; x=%32; ${PREFIX}d=4`;
    // The framework decoded and encoded values, gave "true" to a name without one and dropped a duplicate; the app deleted one.
    const printed = `${PREFIX}a=1; ${PREFIX}b=true; ${PREFIX}c=2; x=2; own=1`;
    expect(cookieHeaderAfter(printed, [`${PREFIX}e=5; Path=/`], PREFIX, sent)).toBe(
      `${PREFIX}a=%31; ${PREFIX}c=1; ${PREFIX}c=2; x=2; own=1; ${PREFIX}e=5`,
    );
  });

  test("reading a long header of blanks or of names does not take time that grows with the square of its length", () => {
    const many = Array.from({ length: 10_000 }, (_, index) => `${PREFIX}${index}=1`).join("; ");
    const twice = `${PREFIX}a=1; `.repeat(10_000);
    for (const header of [`x${" ".repeat(100_000)}y`, "\u00a0".repeat(100_000), "=;".repeat(20_000), many, twice]) {
      const started = performance.now();
      cookieHeaderAfter(header, [`${PREFIX}a=1; Path=/`], PREFIX);
      expect(performance.now() - started).toBeLessThan(5000);
    }
  });
});
