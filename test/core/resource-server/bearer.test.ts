import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bearerToken, refuse } from "../../../core/resource-server/bearer.js";
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
    "%j has none: as if nothing had been sent",
    (header) => {
      expect(bearerToken(header)).toEqual({ code: "no_token" });
    },
  );

  test.each([
    ["no token", "Bearer"],
    ["two tokens", "Bearer a b"],
    ["two headers, joined", "Bearer a, Bearer b"],
    ["a scheme in front of another", "Bearer, Basic YTpi"],
    ["a parameter", 'Bearer token="abc"'],
    ["a tab", "Bearer\tabc"],
    ["a space behind", "Bearer abc "],
    ["= inside", "Bearer a=b"],
    ["what no token has", "Bearer a%20b"],
    ["a line of its own", "Bearer abc\r\nx: y"],
    ["20 KB", `Bearer ${"a".repeat(20_000)}`],
  ])("%s is malformed", (_what, header) => {
    expect(bearerToken(header)).toEqual({ code: "invalid_request" });
  });

  test.each([...BLANKS, ...NO_BLANK])(
    "%j between scheme and token, or at the ends: spaces alone are between",
    (blank) => {
      expect(bearerToken(`Bearer${blank}abc`)).toEqual(blank === " " ? "abc" : { code: "invalid_request" });
      expect(bearerToken(`Bearer ${blank}abc`)).toEqual(blank === " " ? "abc" : { code: "invalid_request" });
      // What reads HTTP has taken off what may be at the ends.
      expect(bearerToken(`Bearer abc${blank}`)).toEqual({ code: "invalid_request" });
      expect(bearerToken(`${blank}Bearer abc`)).toEqual({ code: "no_token" });
    },
  );

  test.each([..."!#$%&'*+-.^_`|~0aZ"])("%j makes it another scheme", (character) => {
    expect(bearerToken(`Bearer${character} abc`)).toEqual({ code: "no_token" });
  });

  test("whatever it is, it has a token of the right characters and length, or it is refused", () => {
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

describe("the answer (RFC 6750 3)", () => {
  test.each([
    ["no_token", 401, 'Bearer realm="api"'],
    ["invalid_request", 400, 'Bearer realm="api", error="invalid_request"'],
    ["invalid_token", 401, 'Bearer realm="api", error="invalid_token"'],
    ["insufficient_scope", 403, 'Bearer realm="api", error="insufficient_scope"'],
  ] as const)("%s: %i with a challenge, and with the scope where one is required", (code, status, challenge) => {
    const headers = { "content-type": "application/json; charset=utf-8", "cache-control": "no-store" };
    const body = `{"error":"${code}"}`;
    expect(refuse({ code }, [])).toEqual({ status, headers: { ...headers, "www-authenticate": challenge }, body });
    expect(refuse({ code }, ["read:shows", "pay"]).headers["www-authenticate"]).toBe(
      `${challenge}, scope="read:shows pay"`,
    );
  });

  test("a provider that cannot be asked is nothing to challenge a client for", () => {
    expect(refuse({ code: "temporarily_unavailable" }, ["pay"])).toEqual({
      status: 503,
      headers: { "content-type": "application/json; charset=utf-8", "cache-control": "no-store", "retry-after": "5" },
      body: '{"error":"temporarily_unavailable"}',
    });
  });

  test("nothing but the code is in it", () => {
    const refusal = { code: "invalid_token", reason: "aud", cause: new Error("secret") } as const;
    expect(refuse(refusal, [])).toEqual(refuse({ code: "invalid_token" }, []));
  });
});
