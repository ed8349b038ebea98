import { describe, expect, test } from "vitest";
import { refuse } from "../../../core/resource-server/refusal.js";
import { createStepUp } from "../../../core/resource-server/step-up.js";

const NOW = 1_800_000_000;
const check = (claims: object, settings: Partial<Parameters<typeof createStepUp>[0]>) =>
  createStepUp({ acrValues: [], ...settings }).check({ ...claims }, NOW, 30)?.refusal.reason ?? "ok";

describe("the authentication context", () => {
  const acrValues = ["phr", "phrh"];
  test.each<[unknown, string]>([
    ["phr", "ok"],
    ["phrh", "ok"],
    ["pwd", "acr"],
    ["phr phrh", "acr"],
    [["phr"], "acr"],
    [undefined, "acr"],
    [null, "acr"],
    ["", "acr"],
  ])("%j: %s", (acr, outcome) => {
    expect(check({ acr }, { acrValues })).toBe(outcome);
  });
});

describe("the time of the authentication", () => {
  test.each<[string, unknown, string]>([
    ["now", NOW, "ok"],
    ["within the time and the tolerance", NOW - 329, "ok"],
    ["by exactly that much ago", NOW - 330, "auth_time"],
    ["long ago", NOW - 3600, "auth_time"],
    ["in the future, within the tolerance", NOW + 30, "ok"],
    ["in the future", NOW + 31, "auth_time"],
    ["as text", `${NOW}`, "auth_time"],
    ["missing", undefined, "auth_time"],
    ["null", null, "auth_time"],
    ["not a number", Number.NaN, "auth_time"],
    ["infinite", Number.POSITIVE_INFINITY, "auth_time"],
  ])("%s", (_what, authTime, outcome) => {
    expect(check({ auth_time: authTime }, { maxAge: 300 })).toBe(outcome);
  });

  test("with a maximum of 0, only a sign-in of this moment is enough", () => {
    expect(check({ auth_time: NOW - 29 }, { maxAge: 0 })).toBe("ok");
    expect(check({ auth_time: NOW - 30 }, { maxAge: 0 })).toBe("auth_time");
  });
});

test("the challenge says how to sign in again, and why (RFC 9470 3)", () => {
  const refused = createStepUp({ acrValues: ["phr", "phrh"], maxAge: 0 }).check({ acr: "pwd" }, NOW, 30);
  const { status, headers, body } = refuse(refused as never, { scope: [] });
  expect([status, headers["www-authenticate"], body]).toEqual([
    401,
    'Bearer realm="api", error="insufficient_user_authentication", acr_values="phr phrh", max_age="0"',
    '{"error":"insufficient_user_authentication"}',
  ]);
});

test("a claim that the provider leaves out is advice, since no sign-in would ever add it", () => {
  const adviceFor = (claims: object) =>
    createStepUp({ acrValues: ["phr"] }).check({ ...claims }, NOW, 30)?.refusal.advice;
  expect(adviceFor({})).toContain("acr");
  expect(adviceFor({ acr: "pwd" })).toBeUndefined();
});
