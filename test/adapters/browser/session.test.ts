import { describe, expect, test } from "vitest";
import { sessionAfter } from "../../../adapters/browser/session.js";
import { settingsOf } from "../../../adapters/browser/settings.js";
import type { TokenRequest } from "../../../core/exchange/token-set.js";
import type { Authentication } from "../../../core/exchange/types.js";

const settings = settingsOf({
  issuer: "https://op.example",
  clientId: "spa",
  redirectUri: "https://app.example/callback/",
});

const resultFor = (sub: string, tokenRequest: TokenRequest = {}): Authentication => ({
  claims: { iss: "https://op.example", sub },
  userinfo: {},
  tokens: { accessToken: `token of ${sub}`, requestedAt: 0, scope: "openid profile email", refreshToken: "r1" },
  transaction: {
    state: "g.1",
    nonce: "n",
    codeVerifier: "v",
    redirectUri: "https://app.example/callback/",
    returnTo: "/",
    issuer: "https://op.example",
    issRequired: false,
    startedAt: 0,
    scope: "openid profile email",
    appState: { tokenRequest },
  },
});

describe("the session after a sign-in", () => {
  const alice = sessionAfter(settings, resultFor("alice", { audience: "https://other.example" }), null);

  test("keeps the tokens for other audiences when the same user signs in again", () => {
    const again = sessionAfter(settings, resultFor("alice"), alice);
    expect(again.tokens.otherTokens).toEqual([expect.objectContaining({ audience: "https://other.example" })]);
    expect(again.tokens).toMatchObject({ accessToken: "token of alice", refreshToken: "r1" });
  });

  test("has nothing of the user who was signed in before", () => {
    const bob = sessionAfter(settings, resultFor("bob"), alice);
    expect([bob.user.sub, bob.tokens.otherTokens]).toEqual(["bob", undefined]);
  });
});
