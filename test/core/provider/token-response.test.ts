import { describe, expect, test } from "vitest";
import { readTokenResponse } from "../../../core/provider/token-response.js";

const valid = { access_token: "at", token_type: "Bearer" };

describe("a token response (RFC 6749 5.1)", () => {
  test("is read member by member; unknown members are ignored", () => {
    const full = {
      ...valid,
      expires_in: 60,
      scope: "openid",
      refresh_token: "rt",
      id_token: "id",
      ext_expires_in: 9,
    };
    expect(readTokenResponse(full, 7)).toEqual({
      accessToken: "at",
      requestedAt: 7,
      expiresIn: 60,
      scope: "openid",
      refreshToken: "rt",
      idToken: "id",
    });
  });

  test.each([
    ["bearer in any case", { token_type: "bEARER" }, {}],
    ["a lifetime as text", { expires_in: "3600" }, { expiresIn: 3600 }],
    ["a lifetime of zero", { expires_in: 0 }, { expiresIn: 0 }],
    ["a fraction of a second", { expires_in: 0.5 }, { expiresIn: 0.5 }],
    ["no lifetime", {}, { expiresIn: undefined }],
    ["an empty scope", { scope: "" }, { scope: "" }],
  ])("may have %s", (_what, members, expected) => {
    expect(readTokenResponse({ ...valid, ...members }, 7)).toMatchObject({ accessToken: "at", ...expected });
  });

  test.each([
    ["access_token", [undefined, null, "", 1, {}, ["at"]]],
    ["token_type", [undefined, null, "", "DPoP", "mac", 1, "Bearer Bearer"]],
    ["expires_in", [null, "soon", -1, "-1", "Infinity", Number.POSITIVE_INFINITY, {}]],
    ["scope", [null, 1, ["openid"]]],
    ["refresh_token", [null, "", 1, {}]],
  ])("with an invalid %s is refused, and the error names that member only", (member, values) => {
    for (const value of values) {
      let thrown: unknown;
      try {
        readTokenResponse({ ...valid, [member]: value }, 7);
      } catch (error) {
        thrown = error;
      }
      expect(thrown, JSON.stringify(value)).toMatchObject({ code: "provider_invalid", cause: { member } });
    }
  });

  test.each([[null], [""], [{}]])("with %j as its ID Token is refused", (value) => {
    expect(() => readTokenResponse({ ...valid, id_token: value }, 7)).toThrow(
      expect.objectContaining({ code: "id_token_invalid" }),
    );
  });
});
