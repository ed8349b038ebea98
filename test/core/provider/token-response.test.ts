import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readTokenResponse } from "../../../core/provider/token-response.js";
import { runs } from "../../support/runs.js";

const valid = { access_token: "at", token_type: "Bearer" };

/** The members, and how each is called in the result. */
const MEMBERS = {
  access_token: "accessToken",
  token_type: undefined,
  expires_in: "expiresIn",
  scope: "scope",
  refresh_token: "refreshToken",
  id_token: "idToken",
} as const;
type Member = keyof typeof MEMBERS;

const full = { ...valid, expires_in: 60, scope: "openid email", refresh_token: "rt", id_token: "id" };
const result = {
  accessToken: "at",
  requestedAt: 7,
  expiresIn: 60,
  scope: "openid email",
  refreshToken: "rt",
  idToken: "id",
  malformed: undefined,
};

const blank = fc.stringMatching(/^[ \t\r\n]{0,4}$/);
const absent = fc.oneof(fc.constantFrom(undefined, null, ""), blank);
/** Values that are neither text nor a number, nor a list of text. */
const wrongType = fc.oneof(
  fc.boolean(),
  fc.object(),
  fc.array(fc.oneof(fc.integer(), fc.constant(null), fc.object()), { minLength: 1 }),
);

/** The result when a member is absent. */
const without = (member: Member) => {
  const name = MEMBERS[member];
  return name ? { ...result, [name]: name === "accessToken" ? "" : undefined } : result;
};

/** The result when a member is malformed: no other member of the response is lost, but a token of an unknown type is not used. */
const malformedIn = (member: Member) => ({
  ...without(member),
  ...(member === "token_type" ? { accessToken: "" } : {}),
  malformed: member,
});

const read = (member: Member, value: unknown) => readTokenResponse({ ...full, [member]: value }, 7);

describe("a token response (RFC 6749 5.1)", () => {
  test("is read member by member; unknown members are ignored", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^x_[a-z]+$/), fc.jsonValue()), (others) => {
        expect(readTokenResponse({ ...others, ...full }, 7)).toEqual(result);
      }),
      runs(),
    );
  });

  describe.each(Object.keys(MEMBERS) as Member[])("%s", (member) => {
    test("may be null, empty text or blanks, which mean that it is absent", () => {
      fc.assert(
        fc.property(absent, (value) => {
          const expected = without(member);
          // Without an access token the response has nothing to use.
          expect(read(member, value)).toEqual(
            member === "access_token" ? { ...expected, malformed: "access_token" } : expected,
          );
        }),
        runs(),
      );
    });

    test("of a wrong type counts as absent and is named; every other member is read", () => {
      fc.assert(
        fc.property(wrongType, (value) => {
          const isEmptyList = Array.isArray(value) && value.length === 0;
          fc.pre(!isEmptyList);
          expect(read(member, value)).toEqual(malformedIn(member));
        }),
        runs(),
      );
    });

    test("may have blanks around it", () => {
      fc.assert(
        fc.property(blank, blank, (before, after) => {
          expect(read(member, `${before}${full[member]}${after}`)).toEqual(result);
        }),
        runs(),
      );
    });

    test("may be a list only if it is the scope, with text in it", () => {
      const list = fc.array(fc.stringMatching(/^[a-z:.]{1,8}$/), { minLength: 1, maxLength: 4 });
      fc.assert(
        fc.property(list, (value) => {
          const expected = member === "scope" ? { ...result, scope: value.join(" ") } : malformedIn(member);
          expect(read(member, value)).toEqual(expected);
        }),
        runs(),
      );
    });

    test("may be a whole number in the place of text, and a number as text", () => {
      fc.assert(
        fc.property(fc.integer({ min: 0 }), fc.boolean(), (number, asText) => {
          const value = asText ? `${number}` : number;
          const name = MEMBERS[member];
          const stated = member === "expires_in" ? number : `${number}`;
          // A number is no type of a token.
          expect(read(member, value)).toEqual(name ? { ...result, [name]: stated } : malformedIn(member));
        }),
        runs(),
      );
    });
  });

  test.each([
    ["bearer in any case", { token_type: "bEARER" }, {}],
    ["a lifetime of zero", { expires_in: 0 }, { expiresIn: 0 }],
    ["a fraction of a second", { expires_in: 0.5 }, { expiresIn: 0.5 }],
    ["no lifetime", { expires_in: undefined }, { expiresIn: undefined }],
    ["an empty list as its scope", { scope: [] }, { scope: undefined }],
    ["blanks between the words of its scope", { scope: " openid \n email " }, { scope: "openid email" }],
  ])("may have %s", (_what, members, expected) => {
    expect(readTokenResponse({ ...full, ...members }, 7)).toEqual({ ...result, ...expected });
  });

  test.each(["DPoP", "mac", "Bearer Bearer"])(
    "with a token of the type %s has no access token to use",
    (token_type) => {
      expect(readTokenResponse({ ...full, token_type }, 7)).toEqual(malformedIn("token_type"));
    },
  );

  test.each(["soon", -1, "-1", "Infinity", Infinity, Number.NaN])(
    "with the lifetime %s says nothing of it",
    (lifetime) => {
      expect(read("expires_in", lifetime)).toEqual(malformedIn("expires_in"));
    },
  );
});
