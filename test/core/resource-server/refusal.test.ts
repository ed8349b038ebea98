import { describe, expect, test } from "vitest";
import { type AccessTokenRefusal, type ChallengeSettings, refuse } from "../../../core/resource-server/refusal.js";

const reply = (refusal: AccessTokenRefusal, settings: Partial<ChallengeSettings> = {}) =>
  refuse({ refusal }, { scope: [], ...settings });

describe("the response (RFC 6750 3)", () => {
  test.each([
    ["no_token", 401, 'Bearer realm="api"'],
    ["invalid_request", 400, 'Bearer realm="api", error="invalid_request"'],
    ["invalid_token", 401, 'Bearer realm="api", error="invalid_token"'],
    ["insufficient_scope", 403, 'Bearer realm="api", error="insufficient_scope"'],
    ["insufficient_user_authentication", 401, 'Bearer realm="api", error="insufficient_user_authentication"'],
  ] as const)("%s: %i with a challenge, which has the scope if the API requires one", (code, status, challenge) => {
    const headers = { "content-type": "application/json; charset=utf-8", "cache-control": "no-store" };
    const body = `{"error":"${code}"}`;
    expect(reply({ code })).toEqual({ status, headers: { ...headers, "www-authenticate": challenge }, body });
    expect(reply({ code }, { scope: ["read:shows", "pay"] }).headers["www-authenticate"]).toBe(
      `${challenge}, scope="read:shows pay"`,
    );
  });

  test("if the provider cannot be reached, it is 503 without a challenge", () => {
    expect(reply({ code: "temporarily_unavailable" }, { scope: ["pay"] })).toEqual({
      status: 503,
      headers: { "content-type": "application/json; charset=utf-8", "cache-control": "no-store", "retry-after": "5" },
      body: '{"error":"temporarily_unavailable"}',
    });
  });

  test("has the code, and neither the reason nor the cause", () => {
    const refusal = { code: "invalid_token", reason: "aud", cause: new Error("secret") } as const;
    expect(reply(refusal)).toEqual(reply({ code: "invalid_token" }));
  });

  test("names the metadata of the API in every challenge (RFC 9728 5.1)", () => {
    const resourceMetadata = "https://api.example/.well-known/oauth-protected-resource";
    for (const code of ["no_token", "invalid_token", "insufficient_scope"] as const)
      expect(reply({ code }, { resourceMetadata }).headers["www-authenticate"]).toContain(
        `, resource_metadata="${resourceMetadata}"`,
      );
    expect(reply({ code: "temporarily_unavailable" }, { resourceMetadata }).headers).not.toHaveProperty(
      "www-authenticate",
    );
  });

  test("has the further parameters and headers of a refusal", () => {
    const refused = {
      refusal: { code: "invalid_token" },
      parameters: { max_age: "0", acr_values: "" },
      headers: { x: "y" },
    } as const;
    const { headers } = refuse(refused, { scope: ["pay"] });
    expect(headers["www-authenticate"]).toBe('Bearer realm="api", error="invalid_token", scope="pay", max_age="0"');
    expect(headers).toMatchObject({ x: "y", "cache-control": "no-store" });
  });
});
