import { expect, test } from "vitest";
import { audienceError } from "../../../core/provider/audience.js";

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const jwt = (claims: unknown): string => `${encode({ alg: "RS256" })}.${encode(claims)}.signature`;

test.each<[what: string, token: string, audience: string | undefined]>([
  ["the audience itself", jwt({ aud: "https://api.example" }), "https://api.example"],
  ["a list that has it", jwt({ aud: ["https://op.example/userinfo", "https://api.example"] }), "https://api.example"],
  [
    "a name outside of ASCII, beside it",
    jwt({ aud: ["ünï", "https://api.example"], name: "ü" }),
    "https://api.example",
  ],
  ["no audience that was requested", jwt({ aud: "https://other.example" }), undefined],
  ["no `aud`", jwt({}), "https://api.example"],
  ["an opaque token", "opaque", "https://api.example"],
  ["an opaque token with dots", "one.two.three", "https://api.example"],
  ["a JWT of null", jwt(null), "https://api.example"],
  ["an encrypted token", "eyJhbGciOiJkaXIifQ..iv.ciphertext.tag", "https://api.example"],
])("an access token with %s is taken", (_what, token, audience) => {
  expect(audienceError(token, audience)).toBeUndefined();
});

test.each([["https://other.example"], [["https://other.example"]], [[]], [""], [null], ["https://api.example/"]])(
  "an access token for %j is not one for https://api.example",
  (aud) => {
    const error = audienceError(jwt({ aud }), "https://api.example");
    expect(error).toMatchObject({ code: "provider_invalid", cause: { claim: "aud", audience: "https://api.example" } });
    expect(error?.message).not.toContain(jwt({ aud }));
  },
);
