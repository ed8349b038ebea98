import { describe, expect, test } from "vitest";
import { checkRequirement } from "../../../core/relying-party/requirement.js";
import { guardStepUp, stepUpOf } from "../../../core/relying-party/step-up.js";
import { missingClaim } from "../../../core/required-claims.js";

describe("a requirement is checked at start-up", () => {
  test.each<[what: string, requirement: object, says: RegExp]>([
    ["a misspelt member", { claim: { roles: "billing" } }, /no option claim: did you mean claims/],
    ["claims that are no object", { claims: "billing" }, /claims must be of type object/],
    ["a claim whose value is undefined", { claims: { roles: undefined } }, /set claims\.roles/],
    ["a check that is no function", { allow: true }, /allow must be of type function/],
    ["stepUp without a call", { stepUp: () => {} }, /stepUp must be of type object/],
  ])("%s is refused", (_what, requirement, says) => {
    expect(() => checkRequirement(requirement)).toThrow(says);
  });

  test("text in its place is refused", () => {
    expect(() => checkRequirement("billing" as never)).toThrow(/options must be an object/);
  });
});

test("a value that is undefined is in no claims", () => {
  expect(missingClaim({}, { roles: undefined as never })).toBe("roles");
  expect(missingClaim({ roles: [undefined] }, { roles: undefined as never })).toBe("roles");
});

test.each([[["gold"]], [undefined], [null], [{ toString: 1, valueOf: 1 }]])("an acr of %j is none", async (acr) => {
  const request = { context: { exchange: {}, ports: { now: () => 0 }, opened: {} }, isPage: false } as never;
  const reply = await guardStepUp({ acrValues: ["gold", "undefined", "null"] })({ acr: acr as never }, request);
  expect(reply?.status).toBe(403);
});

describe("what an API asks for (RFC 9470 3)", () => {
  const of = (challenge: string | null) => stepUpOf({ headers: { get: () => challenge } });

  test.each<[challenge: string, stepUp: object]>([
    ['Bearer error="insufficient_user_authentication", max_age="5"', { maxAge: 5 }],
    [
      'Bearer error="insufficient_user_authentication", acr_values="phr phrh", max_age=5',
      { acrValues: ["phr", "phrh"], maxAge: 5 },
    ],
    ['bearer realm="x, y", ERROR = insufficient_user_authentication,acr_values=phr', { acrValues: ["phr"] }],
    ['DPoP algs="ES256", Bearer max_age=60, error="insufficient_user_authentication"', { maxAge: 60 }],
    ['Bearer max_age=60, DPoP error="insufficient_user_authentication", acr_values="phr"', { acrValues: ["phr"] }],
    ['Bearer error="insufficient_user_authentication", max_age="soon"', {}],
  ])("%s", (challenge, stepUp) => {
    expect(of(challenge)).toEqual(stepUp);
  });

  test.each([
    null,
    "",
    "Bearer",
    'Bearer error="invalid_token", max_age=5',
    'Bearer error_description="insufficient_user_authentication"',
    'Bearer xerror="insufficient_user_authentication"',
  ])("%s asks for nothing", (challenge) => {
    expect(of(challenge)).toBeUndefined();
  });
});
