import { describe, expect, test } from "vitest";
import {
  assess,
  mergeTokens,
  type TokenSet,
  tokenArrows,
  tokenSetOf,
  tokenTransition,
} from "../../../core/exchange/token-life.js";

const NOW = 1_750_000_000_000;
const set = (change: Partial<TokenSet> = {}): TokenSet => ({
  accessToken: "at",
  expiresAt: NOW + 3_600_000,
  refreshToken: "rt",
  ...change,
});

describe("a token", () => {
  test.each<[string, TokenSet | undefined, Parameters<typeof assess>[1], number, string]>([
    ["with time left is fresh", set(), {}, 0, "fresh"],
    ["of unknown expiry is fresh", set({ expiresAt: undefined }), {}, 1e6, "fresh"],
    ["within a minute of its end is due", set(), {}, 3541, "due"],
    ["past its end is due", set(), {}, 3600, "due"],
    ["is due when asked for anew", set(), { refresh: true }, 0, "due"],
    ["without refresh token serves to its end", set({ refreshToken: undefined }), {}, 3599, "fresh"],
    ["without refresh token is missing past its end", set({ refreshToken: undefined }), {}, 3600, "missing"],
    [
      "without refresh token is missing when asked for anew",
      set({ refreshToken: undefined }),
      { refresh: true },
      0,
      "missing",
    ],
    ["of nobody is missing", undefined, {}, 0, "missing"],
    ["for another audience is due", set(), { audience: "api" }, 0, "due"],
    [
      "for another audience, at hand, is fresh",
      set({ otherTokens: [{ accessToken: "x", audience: "api" }] }),
      { audience: "api" },
      0,
      "fresh",
    ],
    [
      "for another scope of that audience is due",
      set({ otherTokens: [{ accessToken: "x", audience: "api", scope: "a" }] }),
      { audience: "api", scope: "b" },
      0,
      "due",
    ],
  ])("%s", (_what, tokens, request, seconds, name) => {
    expect(assess(tokens, request, NOW + seconds * 1000).name).toBe(name);
  });

  test("that lives for half a minute is not renewed at once", () => {
    const tokens = tokenSetOf({ accessToken: "at", requestedAt: NOW, expiresIn: 30, refreshToken: "rt" });
    expect(assess(tokens, {}, NOW + 20_000).name).toBe("fresh");
    expect(assess(tokens, {}, NOW + 25_000).name).toBe("due");
  });
});

describe("a refresh", () => {
  const nearEnd = NOW + 3_600_000 - 30_000;
  const due = assess(set(), {}, nearEnd);
  const [refreshing, effects] = tokenTransition(due, { name: "refresh_started" });

  test("spends the refresh token", () => {
    expect(effects).toEqual([{ name: "refresh", refreshToken: "rt", request: {} }]);
  });

  test("gives a new token, written down before it is used", () => {
    const tokens = set({ accessToken: "new" });
    const [state, done] = tokenTransition(refreshing, { name: "refreshed", tokens });
    expect(state.name).toBe("fresh");
    expect(done.map(({ name }) => name)).toEqual(["write_tokens", "use_token"]);
  });

  test("P7: that fails for now keeps the session, and the token while it is good", () => {
    const [state, done] = tokenTransition(refreshing, {
      name: "refresh_failed",
      code: "provider_unreachable",
      now: NOW,
    });
    expect([state.name, done]).toEqual(["kept", [{ name: "use_token", token: set() }]]);
    const [expired] = tokenTransition(assess(set(), {}, NOW + 4e6), { name: "refresh_started" });
    expect(tokenTransition(expired, { name: "refresh_failed", code: "provider_unreachable", now: NOW })[1]).toEqual([
      { name: "fail", code: "provider_unreachable" },
    ]);
  });

  test("that fails after the token at hand has ended gives none", () => {
    const expiresAt = NOW + 1_000;
    const [started] = tokenTransition(assess(set({ expiresAt }), {}, NOW), { name: "refresh_started" });
    const fails = (now: number) =>
      tokenTransition(started, { name: "refresh_failed", code: "provider_unreachable", now })[1].map(
        ({ name }) => name,
      );
    expect([fails(expiresAt - 1), fails(expiresAt)]).toEqual([["use_token"], ["fail"]]);
  });

  test.each(["refresh_impossible", "refresh_failed"] as const)(
    "that was asked for gives a new token or an error: %s",
    (name) => {
      const asked = assess(set(), { refresh: true }, NOW);
      const code = name === "refresh_failed" ? "client_rejected" : "refresh_required";
      const [started] = tokenTransition(asked, { name: "refresh_started" });
      const [, done] =
        name === "refresh_failed"
          ? tokenTransition(started, { name, code, now: NOW })
          : tokenTransition(asked, { name });
      expect(done).toEqual([{ name: "fail", code }]);
    },
  );

  test("ends the session only on invalid_grant", () => {
    const [state, done] = tokenTransition(refreshing, { name: "refresh_failed", code: "grant_ended", now: NOW });
    expect([state.name, done]).toEqual(["ended", [{ name: "end_session" }, { name: "fail", code: "grant_ended" }]]);
  });

  test("P8: is not begun where its result cannot be kept", () => {
    expect(tokenTransition(due, { name: "refresh_impossible" })[1]).toEqual([{ name: "use_token", token: set() }]);
    const expired = assess(set(), {}, NOW + 4e6);
    expect(tokenTransition(expired, { name: "refresh_impossible" })[1]).toEqual([
      { name: "fail", code: "refresh_required" },
    ]);
  });

  test("outside the table is a programming fault", () => {
    expect(Object.keys(tokenArrows)).toEqual(["due", "refreshing"]);
    expect(() => tokenTransition({ name: "ended" }, { name: "refresh_started" })).toThrow(TypeError);
  });
});

describe("the token set after a refresh", () => {
  const previous = set({ idToken: "id", otherTokens: [{ accessToken: "x", audience: "api" }] });

  test("keeps what was not renewed", () => {
    expect(mergeTokens(previous, { accessToken: "new", requestedAt: NOW, expiresIn: 3600 }, {})).toEqual({
      ...previous,
      accessToken: "new",
    });
  });

  test("takes a rotated refresh token", () => {
    expect(mergeTokens(previous, { accessToken: "new", requestedAt: NOW, refreshToken: "rt2" }, {}).refreshToken).toBe(
      "rt2",
    );
  });

  test("puts a token for another audience beside the others, at most three, the newest first", () => {
    let tokens: TokenSet = set();
    for (const audience of ["a", "b", "c", "d", "b"])
      tokens = mergeTokens(tokens, { accessToken: audience, requestedAt: NOW }, { audience });
    expect(tokens.accessToken).toBe("at");
    expect(tokens.otherTokens?.map(({ audience }) => audience)).toEqual(["b", "d", "c"]);
  });
});
