import { describe, expect, test } from "vitest";
import { ExchangeError, type ExchangeErrorCode } from "../../../core/errors.js";
import type { LatchkeyEvent } from "../../../core/events.js";
import { renewToken } from "../../../core/exchange/renewal.js";
import { assess, tokenArrows, tokenTransition } from "../../../core/exchange/token-life.js";
import { mergeTokens, type TokenSet, tokenSetOf } from "../../../core/exchange/token-set.js";
import { exchangeStatus } from "../../support/exchange-status.js";

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
    ["is due when a new token is requested", set(), { refresh: true }, 0, "due"],
    ["without refresh token is fresh until its end", set({ refreshToken: undefined }), {}, 3599, "fresh"],
    ["without refresh token is missing past its end", set({ refreshToken: undefined }), {}, 3600, "missing"],
    [
      "without refresh token is missing when a new token is requested",
      set({ refreshToken: undefined }),
      { refresh: true },
      0,
      "missing",
    ],
    ["that does not exist is missing", undefined, {}, 0, "missing"],
    ["for another audience is due", set(), { audience: "api" }, 0, "due"],
    [
      "for another audience is fresh if the session has it",
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

  test("that is valid for half a minute is not renewed at once", () => {
    const tokens = tokenSetOf({ accessToken: "at", requestedAt: NOW, expiresIn: 30, refreshToken: "rt" });
    expect(assess(tokens, {}, NOW + 20_000).name).toBe("fresh");
    expect(assess(tokens, {}, NOW + 25_000).name).toBe("due");
  });
});

describe("a refresh", () => {
  const nearEnd = NOW + 3_600_000 - 30_000;
  const due = assess(set(), {}, nearEnd);
  const [refreshing, effects] = tokenTransition(due, { name: "refresh_started" });
  const expired = assess(set(), {}, NOW + 4e6);
  const failure = (code: ExchangeErrorCode, now = NOW) =>
    ({ name: "refresh_failed", error: new ExchangeError(code), now }) as const;

  test("requests a new token from the provider", () => {
    expect([refreshing.name, effects]).toEqual(["refreshing", [{ name: "refresh", request: {} }]]);
  });

  test("gives a new token, which is stored before the caller gets it", () => {
    const tokens = set({ accessToken: "new" });
    const [state, stored] = tokenTransition(refreshing, { name: "refreshed", renewal: { tokens } });
    expect(state).toEqual({ name: "fresh", token: tokens });
    expect(stored).toEqual([{ name: "store_tokens", renewal: { tokens } }]);
  });

  test("for another audience gives the token of that audience", () => {
    const other = { accessToken: "other", audience: "api" };
    const tokens = set({ otherTokens: [{ accessToken: "third", audience: "third" }, other] });
    const [started] = tokenTransition(assess(set(), { audience: "api" }, NOW), { name: "refresh_started" });
    const [state] = tokenTransition(started, { name: "refreshed", renewal: { tokens } });
    expect(state).toEqual({ name: "fresh", token: other });
  });

  test("P7: that fails with a temporary error keeps the session, and the token while it is valid", () => {
    expect(tokenTransition(refreshing, failure("provider_unreachable"))).toEqual([{ name: "stale", token: set() }, []]);
    const [started] = tokenTransition(expired, { name: "refresh_started" });
    const failed = failure("provider_unreachable");
    expect(tokenTransition(started, failed)).toEqual([{ name: "unavailable", error: failed.error }, []]);
  });

  test("that fails after the old token has expired leaves no token", () => {
    const expiresAt = NOW + 1_000;
    const [started] = tokenTransition(assess(set({ expiresAt }), {}, NOW), { name: "refresh_started" });
    const outcome = (now: number) => tokenTransition(started, failure("provider_unreachable", now))[0].name;
    expect([outcome(expiresAt - 1), outcome(expiresAt)]).toEqual(["stale", "unavailable"]);
  });

  test("that fails keeps a token of unknown expiry", () => {
    const [started] = tokenTransition(
      { name: "due", request: {}, token: { accessToken: "at" } },
      { name: "refresh_started" },
    );
    expect(tokenTransition(started, failure("provider_unreachable"))[0].name).toBe("stale");
  });

  test.each(["refresh_impossible", "refresh_failed"] as const)(
    "that the caller demands gives a new token or an error: %s",
    (name) => {
      const requested = assess(set(), { refresh: true }, NOW);
      const [started] = tokenTransition(requested, { name: "refresh_started" });
      const [state] =
        name === "refresh_failed"
          ? tokenTransition(started, failure("client_rejected"))
          : tokenTransition(requested, { name });
      expect(state).toMatchObject({
        name: "unavailable",
        error: { code: name === "refresh_failed" ? "client_rejected" : "refresh_required" },
      });
    },
  );

  test("ends the session on invalid_grant, and on no other error", () => {
    const [state, ending] = tokenTransition(refreshing, failure("grant_ended"));
    expect([state.name, ending]).toEqual(["ended", [{ name: "end_session" }]]);
    for (const code of Object.keys(exchangeStatus).filter((code) => code !== "grant_ended"))
      expect(tokenTransition(refreshing, failure(code as ExchangeErrorCode))[1]).toEqual([]);
  });

  test("P8: does not start if its tokens cannot be stored", () => {
    expect(tokenTransition(due, { name: "refresh_impossible" })).toEqual([{ name: "stale", token: set() }, []]);
    expect(tokenTransition(expired, { name: "refresh_impossible" })).toEqual([
      { name: "unavailable", error: new ExchangeError("refresh_required") },
      [],
    ]);
  });

  test("throws on a transition that is not in the table", () => {
    expect(Object.keys(tokenArrows)).toEqual(["due", "refreshing"]);
    expect(() => tokenTransition({ name: "missing" }, { name: "refresh_started" })).toThrow(TypeError);
    expect(() => tokenTransition(due, failure("grant_ended"))).toThrow(TypeError);
  });
});

describe("renewing a token", () => {
  const start = assess(set(), {}, NOW + 4e6);
  const events: object[] = [];
  const observer = { emit: (event: object) => void events.push(event), ports: { now: () => NOW } };
  const handlers = {
    refresh: async () => ({ tokens: set({ accessToken: "new" }) }),
    storeTokens: async () => true,
    endSession: (): unknown => undefined,
  };
  const started = { name: "refresh_started" } as const;
  const withoutTransitions = () => events.splice(0).filter((event) => (event as LatchkeyEvent).type !== "transition");

  test("returns the new token, and emits an event", async () => {
    expect(await renewToken(observer, start, started, handlers)).toBe("new");
    expect(withoutTransitions()).toEqual([{ type: "refreshed" }]);
  });

  test("returns the new token even if it was too late to store it, and then does not say that it was refreshed", async () => {
    expect(await renewToken(observer, start, started, { ...handlers, storeTokens: async () => false })).toBe("new");
    expect(withoutTransitions()).toEqual([]);
  });

  test("returns the old token while it is valid, when the provider fails", async () => {
    const refresh = () => Promise.reject(new ExchangeError("provider_unreachable"));
    const due = assess(set(), {}, NOW + 3_570_000);
    expect(await renewToken(observer, due, started, { ...handlers, refresh })).toBe("at");
    expect(withoutTransitions()).toEqual([]);
  });

  test("fails with the provider's error, including its cause", async () => {
    const error = new ExchangeError("grant_ended", { cause: "invalid_grant" });
    let ended = 0;
    const failing = { ...handlers, refresh: () => Promise.reject(error), endSession: () => void ended++ };
    await expect(renewToken(observer, start, started, failing)).rejects.toBe(error);
    expect([ended, withoutTransitions()]).toEqual([1, [{ type: "failed", code: "grant_ended", error }]]);
  });

  test("fails with refresh_required if no refresh is possible", async () => {
    const impossible = renewToken(observer, start, { name: "refresh_impossible" }, handlers);
    await expect(impossible).rejects.toMatchObject({ code: "refresh_required" });
    expect(withoutTransitions()).toMatchObject([{ type: "failed", code: "refresh_required" }]);
  });

  test("passes on an error that is not the provider's", async () => {
    const bug = new TypeError("a bug");
    await expect(
      renewToken(observer, start, started, { ...handlers, refresh: () => Promise.reject(bug) }),
    ).rejects.toBe(bug);
    expect(withoutTransitions()).toEqual([]);
  });

  test("reports each transition", async () => {
    events.length = 0;
    await renewToken(observer, start, started, handlers);
    expect(events.filter((event) => (event as LatchkeyEvent).type === "transition")).toEqual([
      { type: "transition", machine: "token", from: "due", event: "refresh_started", to: "refreshing" },
      { type: "transition", machine: "token", from: "refreshing", event: "refreshed", to: "fresh" },
    ]);
  });
});

describe("the token set after a refresh", () => {
  const previous = set({ idToken: "id", otherTokens: [{ accessToken: "x", audience: "api" }] });

  test("keeps the members that the response does not have", () => {
    expect(mergeTokens(previous, { accessToken: "new", requestedAt: NOW, expiresIn: 3600 }, {})).toEqual({
      ...previous,
      accessToken: "new",
    });
  });

  test("has the rotated refresh token", () => {
    expect(mergeTokens(previous, { accessToken: "new", requestedAt: NOW, refreshToken: "rt2" }, {}).refreshToken).toBe(
      "rt2",
    );
  });

  test("keeps the tokens for other audiences, at most three, the newest first", () => {
    let tokens: TokenSet = set();
    for (const audience of ["a", "b", "c", "d", "b"])
      tokens = mergeTokens(tokens, { accessToken: audience, requestedAt: NOW }, { audience });
    expect(tokens.accessToken).toBe("at");
    expect(tokens.otherTokens?.map(({ audience }) => audience)).toEqual(["b", "d", "c"]);
  });
});
