import { expect, test } from "vitest";
import { describe } from "../../core/describe.js";

test.each([
  ["a line break", "\r\n"],
  ["an escape of a terminal", "\u001b"],
  ["a control of the second block", "\u0085"],
  ["a line separator", "\u2028"],
  ["a mark that changes the direction of writing", "\u202e"],
  ["the Arabic mark for it", "\u061c"],
  ["an isolate", "\u2066"],
  ["a character without width", "\u200b"],
  ["a byte order mark", "\ufeff"],
  ["a tag beyond the first plane", "\u{e0041}"],
  ["half of a surrogate pair", "\ud800"],
  ["a no-break space", "\u00a0"],
  ["several of them", " \t\u202e\n"],
])("%s in what a provider says is a space in the line of a log", (_what, character) => {
  expect(describe({ error: `a${character}b` })).toBe("error a b");
});

test.each(["größer", "日本語", "مرحبا", "हिन्दी", "👍🏽", "e\u0301", 'a"<b>\\'])(
  "text of any script stays as it is: %s",
  (text) => {
    expect(describe({ error: text })).toBe(`error ${text}`);
  },
);
