import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { safeReturnTo } from "../../../core/exchange/return-to.js";
import { runs } from "../../support/runs.js";

const ORIGIN = "https://app.example";
const HOST = "evil.example";

/** Prefixes that make a text name another host. Checks of other libraries have taken such a text for a path. */
const LEADS = [
  "//",
  "///",
  "////",
  "/\\",
  "\\\\",
  "\\/",
  "/\t/",
  "/\n/",
  "\t//",
  " //",
  "/.//",
  "/..//",
  "/%2f/",
  "//%5c",
  "https:",
  "https:/",
  "https://",
  "HTTPS://",
  "http://",
  "ftp://",
  "//user@",
  "https://app.example@",
  "https://app.example.",
  "https://app.example:443@",
  "//\u200b",
  "/\u2028/",
  "\u0000//",
  "/\r\n/",
  "//app.example@",
  "https://app.example%2f@",
  "https://app.example\\.",
  "javascript://",
  "javascript:alert(1)//",
  "java\tscript:",
  "data:text/html,",
  "blob:https://",
  "file://",
  "///\\",
  "/%09/",
  "/%5C/",
  "/x/..//",
  "/;@",
  "//;@",
  "////%5c",
];
const TAILS = ["", "/", "/path", "?x=1", "#f", "%00", "%2f..", "\\", "/%2e%2e", ":443/", "\u3002com"];

describe("S13 to S17: returnTo cannot leave the site", () => {
  test.each(LEADS.flatMap((lead) => TAILS.map((tail) => lead + HOST + tail)))("%j stays on the site", (target) => {
    const path = safeReturnTo(target, ORIGIN, "/home");
    expect(path).toMatch(/^\/(?![/\\])/);
    expect(new URL(path, ORIGIN).origin).toBe(ORIGIN);
    expect(new URL(ORIGIN + path).origin).toBe(ORIGIN);
  });

  test("any text, as target or as fallback, resolves to the site", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.tuple(fc.constantFrom(...LEADS), fc.string()).map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(text, text, (target, fallback) => {
        const path = safeReturnTo(target, ORIGIN, fallback, "/auth");
        expect(path).toMatch(/^\/(?![/\\])/);
        expect(new URL(path, ORIGIN).origin).toBe(ORIGIN);
        expect(new URL(ORIGIN + path).origin).toBe(ORIGIN);
        // The path is checked again after it was sealed in a cookie and opened: the second check must not change it.
        expect(safeReturnTo(path, ORIGIN, "/")).toBe(path);
      }),
      runs(),
    );
  });
});

test.each([
  ["/invoices?page=2#last", "/invoices?page=2#last"],
  ["invoices", "/invoices"],
  ["https://app.example/a", "/a"],
  ["/a/../b", "/b"],
  ["/\u00fcber", "/%C3%BCber"],
  ["/".padEnd(5000, "x"), "/".padEnd(5000, "x")],
])("%j becomes %j", (target, path) => {
  expect(safeReturnTo(target, ORIGIN, "/home")).toBe(path);
});

test.each([
  [undefined],
  [null],
  [["/a"]],
  [{}],
  ["/auth/logout"],
  ["/auth/login?returnTo=/auth/login"],
  ["/x/../auth/logout"],
])("%j is replaced by the fallback", (target) => {
  expect(safeReturnTo(target, ORIGIN, "/home", "/auth")).toBe("/home");
});
