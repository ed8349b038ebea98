import { describe, expect, test } from "vitest";
import { sameText } from "../../../core/exchange/checks.js";

describe("state and nonce are compared", () => {
  const text = "kX3v9Q".repeat(7);

  test.each(Array.from({ length: text.length }, (_, index) => index))(
    "S49: a difference at index %i is found",
    (index) => {
      expect(sameText(`${text.slice(0, index)}~${text.slice(index + 1)}`, text)).toBe(false);
    },
  );

  test.each([
    ["S27: an absent text and an empty text", undefined, "", false],
    ["S27: an empty text and an empty text", "", "", false],
    ["a text and a longer one", text, `${text}x`, false],
    ["a number and its digits", 1, "1", false],
    ["a text and the same text", text, text, true],
  ] as const)("%s", (_what, left, right, isSame) => {
    expect(sameText(left, right)).toBe(isSame);
  });
});
