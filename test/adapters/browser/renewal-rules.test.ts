import { describe, expect, test } from "vitest";
import { isExpected } from "../../../adapters/browser/accept-sign-in.js";
import type { ClientSession } from "../../../adapters/browser/client-session.js";
import {
  failedRefresh,
  hasEnded,
  renewalPlan,
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

  test("that the caller wants to replace is returned as the current token", () => {
    expect(tokenStatus(tokensUntil(NOW + 10 * MINUTE), { refresh: true }, NOW).token?.accessToken).toBe("a1");
  });
});

describe("a renewal", () => {
  const plan = (session: ClientSession, request = {}, resourceIndicators = false) =>
    renewalPlan(session, request, resourceIndicators);

  test("sends the refresh token first, and then tries a frame", () => {
    expect(plan(sessionWith(tokensUntil(NOW)))).toEqual({ refreshToken: "r1", isFrameFirst: false });
  });

  test("tries a frame first if the refresh token may be spent", () => {
    expect(plan(sessionWith(tokensUntil(NOW), true))).toEqual({ refreshToken: "r1", isFrameFirst: true });
  });

  test("tries a frame if the session has no refresh token", () => {
    expect(plan(sessionWith({ accessToken: "a1" }))).toEqual({ refreshToken: undefined, isFrameFirst: false });
    expect(plan(sessionWith({ accessToken: "a1" }, true))).toEqual({ refreshToken: undefined, isFrameFirst: false });
  });

  test("for another audience needs resource indicators to send the refresh token", () => {
    const session = sessionWith(tokensUntil(NOW));
    expect(plan(session, API)).toEqual({ refreshToken: undefined, isFrameFirst: false });
    expect(plan(session, API, true)).toEqual({ refreshToken: "r1", isFrameFirst: false });
  });
});

describe("a refresh that fails", () => {
  const session = sessionWith(tokensUntil(NOW));

  test("because the grant ended leaves the session without a refresh token", () => {
    expect(failedRefresh(sessionWith(tokensUntil(NOW), true), new ExchangeError("grant_ended"))).toEqual(
      sessionWith({ accessToken: "a1", expiresAt: NOW }),
    );
  });

  test("without a response leaves a refresh token that may be spent", () => {
    const lost = new ExchangeError("provider_unreachable", { cause: new TypeError("network") });
    expect(failedRefresh(session, lost)).toEqual({ ...session, isDoubtful: true });
    expect(failedRefresh(session, new ExchangeError("provider_unreachable"))).toMatchObject({ isDoubtful: true });
  });

  test("with a response leaves the refresh token as it was", () => {
    const refused = new ExchangeError("provider_unreachable", { cause: { status: 503 } });
    expect(failedRefresh(sessionWith(tokensUntil(NOW), true), refused)).toEqual(session);
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
