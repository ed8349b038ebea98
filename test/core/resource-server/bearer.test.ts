import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bearerToken } from "../../../core/resource-server/bearer.js";
import { BLANKS, NO_BLANK } from "../../support/blanks.js";
import { runs } from "../../support/runs.js";

describe("the Authorization header (RFC 6750 2.1)", () => {
  test.each([
    ["Bearer abc.def-ghi_~+/", "abc.def-ghi_~+/"],
    ["Bearer abc==", "abc=="],
    ["bearer abc", "abc"],
    ["BEARER   abc", "abc"],
  ])("%j has a token", (header, token) => {
    expect(bearerToken(header)).toBe(token);
  });

  test.each([[undefined], [null], [""], ["Basic YTpi"], ["DPoP abc"], ["Bearer2 abc"], ["Bearer-x abc"], ["abc"]])(
    "%j counts as a request without a token",
    (header) => {
      expect(bearerToken(header)).toEqual({ code: "no_token" });
    },
  );

  test.each([
    ["no token", "Bearer"],
    ["two tokens", "Bearer a b"],
    ["two headers, joined", "Bearer a, Bearer b"],
    ["two schemes", "Bearer, Basic YTpi"],
    ["a parameter", 'Bearer token="abc"'],
    ["a tab", "Bearer\tabc"],
    ["a space after the token", "Bearer abc "],
    ["= inside", "Bearer a=b"],
    ["a character that no token has", "Bearer a%20b"],
    ["a line break", "Bearer abc\r\nx: y"],
    ["20 KB", `Bearer ${"a".repeat(20_000)}`],
  ])("%s is malformed", (_what, header) => {
    expect(bearerToken(header)).toEqual({ code: "invalid_request" });
  });

  test.each([...BLANKS, ...NO_BLANK])(
    "%j between scheme and token, or at the ends, makes the header malformed, except for spaces between them",
    (blank) => {
      expect(bearerToken(`Bearer${blank}abc`)).toEqual(blank === " " ? "abc" : { code: "invalid_request" });
      expect(bearerToken(`Bearer ${blank}abc`)).toEqual(blank === " " ? "abc" : { code: "invalid_request" });
      // HTTP parsers remove spaces and tabs at the ends before the header reaches this function.
      expect(bearerToken(`Bearer abc${blank}`)).toEqual({ code: "invalid_request" });
      expect(bearerToken(`${blank}Bearer abc`)).toEqual({ code: "no_token" });
    },
  );

  test.each([..."!#$%&'*+-.^_`|~0aZ"])("%j after Bearer makes another scheme", (character) => {
    expect(bearerToken(`Bearer${character} abc`)).toEqual({ code: "no_token" });
  });

  test("any header has a token of valid characters, or is refused", () => {
    const tokens = fc.stringMatching(/^[\w.~+/-]*=*$/);
    const headers = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string({ unit: "binary" }).map((text) => `Bearer ${text}`),
      tokens.map((text) => `bearer ${text}`),
    );
    fc.assert(
      fc.property(headers, (header) => {
        const token = bearerToken(header);
        if (typeof token === "string") expect(token).toMatch(/^[\w.~+/-]+=*$/);
        else expect(["no_token", "invalid_request"]).toContain(token.code);
      }),
      runs(),
    );
  });
});
