import { describe, expect, test } from "vitest";
import { isExpected } from "../../../adapters/browser/accept-sign-in.js";
import type { ClientSession } from "../../../adapters/browser/client-session.js";
import {
  failedRefresh,
  hasEnded,
  isResting,
  REST,
  renewalSteps,
  servingToken,
  tokenStatus,
} from "../../../adapters/browser/renewal-rules.js";
import { ExchangeError } from "../../../core/errors.js";
import type { TokenSet } from "../../../core/exchange/token-set.js";

const MINUTE = 60_000;
const NOW = 1_000 * MINUTE;
const API = { audience: "https://api.example" };

const tokensUntil = (expiresAt: number | undefined, more: Partial<TokenSet> = {}): TokenSet => ({
  accessToken: "a1",
  refreshToken: "r1",
  ...(expiresAt === undefined ? {} : { expiresAt }),
  ...more,
});
const sessionWith = (tokens: TokenSet, isDoubtful = false): ClientSession => ({
  user: { sub: "alice" },
  scope: "openid",
  tokens,
  isDoubtful,
});

describe("an access token", () => {
  test.each([
    ["that is valid for ten minutes serves", 10 * MINUTE, "a1", "a1"],
    ["without an end serves", undefined, "a1", "a1"],
    [
      "that ends in 30 seconds is renewed, but serves during a pause after a failed renewal",
      MINUTE / 2,
      undefined,
      "a1",
    ],
    ["that ends now does not serve", 0, undefined, undefined],
    ["that ended does not serve", -MINUTE, undefined, undefined],
  ])("%s", (_what, left, serving, duringPause) => {
    const status = tokenStatus(tokensUntil(left === undefined ? undefined : NOW + left), {}, NOW);
    expect([servingToken(status, false)?.accessToken, servingToken(status, true)?.accessToken]).toEqual([
      serving,
      duringPause,
    ]);
  });

  test("for another audience is looked up among the other tokens", () => {
    const other = { accessToken: "a2", expiresAt: NOW + 10 * MINUTE, ...API };
    const tokens = tokensUntil(NOW - MINUTE, { otherTokens: [other] });
    expect(servingToken(tokenStatus(tokens, API, NOW), false)).toBe(other);
    expect(tokenStatus(tokens, { audience: "https://unknown.example" }, NOW)).toEqual({
      token: undefined,
      isDue: true,
    });
  });

  test("that is due serves for ten seconds after a failure, whatever the clock does then", () => {
    const until = NOW + REST;
    expect([NOW, until - 1, until, until + 1, NOW - 1].map((now) => isResting(until, now))).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  test("that the caller wants to replace is returned as the current token", () => {
    expect(tokenStatus(tokensUntil(NOW + 10 * MINUTE), { refresh: true }, NOW).token?.accessToken).toBe("a1");
  });
});

describe("a renewal", () => {
  const steps = (session: ClientSession, { request = {}, resourceIndicators = false, isTokenValid = false } = {}) =>
    renewalSteps(session, request, resourceIndicators, isTokenValid);

  test("sends the refresh token first, and then tries a frame", () => {
    expect(steps(sessionWith(tokensUntil(NOW)))).toEqual(["refresh", "frame"]);
    expect(steps(sessionWith(tokensUntil(NOW)), { isTokenValid: true })).toEqual(["refresh", "frame"]);
  });

  test("sends a refresh token that may be spent only after the frame, and when no token is left", () => {
    expect(steps(sessionWith(tokensUntil(NOW), true))).toEqual(["frame", "refresh"]);
    expect(steps(sessionWith(tokensUntil(NOW), true), { isTokenValid: true })).toEqual(["frame"]);
  });

  test("tries a frame if the session has no refresh token", () => {
    expect(steps(sessionWith({ accessToken: "a1" }))).toEqual(["frame"]);
    expect(steps(sessionWith({ accessToken: "a1" }, true))).toEqual(["frame"]);
  });

  test("for another audience needs resource indicators to send the refresh token", () => {
    const session = sessionWith(tokensUntil(NOW));
    expect(steps(session, { request: API })).toEqual(["frame"]);
    expect(steps(session, { request: API, resourceIndicators: true })).toEqual(["refresh", "frame"]);
  });
});

describe("a refresh that fails", () => {
  const session = sessionWith(tokensUntil(NOW));
  const doubtful = sessionWith(tokensUntil(NOW), true);
  const without = sessionWith({ accessToken: "a1", expiresAt: NOW });
  const failure = (cause: unknown) => new ExchangeError("provider_unreachable", { cause });

  test("because the grant ended leaves the session without a refresh token", () => {
    expect(failedRefresh(doubtful, new ExchangeError("grant_ended"))).toEqual(without);
  });

  test.each<readonly [string, ExchangeError]>([
    ["without a response", failure({ url: "https://op.example/token", reason: new TypeError("network") })],
    ["without a cause", new ExchangeError("provider_unreachable")],
    ["with a response that is no JSON", new ExchangeError("provider_invalid", { cause: { status: 200 } })],
    ["with a redirect", failure({ status: 0 })],
    ...[500, 502, 503, 504].map((status) => [`with the status ${status}`, failure({ status })] as const),
  ])("%s leaves a refresh token that may be spent", (_what, error) => {
    expect(failedRefresh(session, error)).toEqual(doubtful);
  });

  test.each([400, 401, 403, 408, 429])("with the status %i leaves the refresh token as good as before", (status) => {
    expect(failedRefresh(doubtful, failure({ status }))).toEqual(session);
  });

  test("because the tokens are those of another user keeps none of them", () => {
    const invalid = new ExchangeError("id_token_invalid", { cause: { claim: "sub" } });
    expect(failedRefresh(session, invalid)).toEqual(without);
  });
});

describe("a session has ended", () => {
  const ended = {
    error: new ExchangeError("login_required"),
    session: sessionWith(tokensUntil(NOW - MINUTE)),
    request: {},
    isRefreshUntried: false,
  };
  const isOver = (change: Partial<typeof ended> | { error: Error } = {}) => {
    const { error, session, request, isRefreshUntried } = { ...ended, ...change };
    return hasEnded(error, session, request, NOW, isRefreshUntried);
  };

  test("when the provider has no session, and no token is left", () => {
    expect(isOver()).toBe(true);
  });

  test.each([
    ["while an access token is valid", { session: sessionWith(tokensUntil(NOW + MINUTE)) }],
    [
      "while a token for another audience is valid",
      { session: sessionWith(tokensUntil(NOW - 1, { otherTokens: [{ accessToken: "a2", expiresAt: NOW + 1 }] })) },
    ],
    ["while its refresh token could not be tried", { isRefreshUntried: true }],
    ["by a request for another audience", { request: API }],
    ["by a request for another scope", { request: { scope: "read" } }],
    ["by a provider that cannot be reached", { error: new ExchangeError("provider_unreachable") }],
    ["by an error of another kind", { error: new Error("login_required") }],
  ])("not %s", (_what, change) => {
    expect(isOver(change)).toBe(false);
  });
});

describe("the result of a silent sign-in", () => {
  const alice = sessionWith(tokensUntil(NOW));
  test.each([
    ["counts if it is for the user who is signed in", alice, "alice", true, true],
    ["counts if no tab has a session", null, "alice", undefined, true],
    ["does not count if it is for another user", alice, "bob", true, false],
    ["does not count after a sign-out", null, "alice", false, false],
  ])("%s", (_what, current, subject, wasSignedIn, expected) => {
    expect(isExpected(current, subject, wasSignedIn)).toBe(expected);
  });
});
