import { describe, expect, test } from "vitest";
import type { ClientSession } from "../../../adapters/browser/client-session.js";
import {
  firstVersion,
  guessFrom,
  hasReceived,
  isTabMessage,
  maySend,
  nextGeneration,
  type SessionVersion,
  turnStart,
  URGENT_LEAD,
  type VersionSource,
  versionAfter,
} from "../../../adapters/browser/session-version.js";

const sessionOf = (sub: string): ClientSession => ({
  user: { sub },
  scope: "openid",
  tokens: { accessToken: `token of ${sub}`, refreshToken: `refresh token of ${sub}` },
});
const signedIn = (
  generation: number,
  sub = "alice",
  source: VersionSource = "recorded",
  tokenKey = "app",
): SessionVersion => ({
  generation,
  tokenKey,
  source,
  session: sessionOf(sub),
});
const signedOut = (generation: number, source: VersionSource = "recorded", tokenKey = "app"): SessionVersion => ({
  generation,
  tokenKey,
  source,
  session: null,
  isSignOut: true,
});

describe("a message from another tab", () => {
  test("with a later version replaces the session", () => {
    expect(versionAfter(firstVersion("app"), signedIn(2))).toEqual(signedIn(2));
    expect(versionAfter(signedIn(2), signedOut(3))).toEqual(signedOut(3));
  });

  test.each([1, 2])("with generation %i changes nothing in a tab that has generation 2", (generation) => {
    const current = signedIn(2);
    expect(versionAfter(current, signedIn(generation, "bob"))).toBe(current);
    expect(versionAfter(current, signedOut(generation))).toBe(current);
  });

  test("with the version that a tab missed replaces the guess of the same generation", () => {
    const guess = guessFrom(signedIn(1), { generation: 2, isSignedIn: true });
    expect(versionAfter(guess, signedIn(2))).toEqual(signedIn(2));
    expect(versionAfter(guess, signedIn(1))).toBe(guess);
  });

  test("with another token key changes the generation; the tab keeps its tokens if the user is the same", () => {
    const { session } = signedIn(1);
    expect(versionAfter(signedIn(1), signedIn(2, "alice", "recorded", "other"))).toMatchObject({
      generation: 2,
      tokenKey: "app",
      session,
    });
  });

  test("with another token key and another user ends this tab's session, but is no sign-out", () => {
    expect(versionAfter(signedIn(1), signedIn(2, "bob", "recorded", "other"))).toEqual({
      generation: 2,
      tokenKey: "app",
      source: "recorded",
      session: null,
    });
  });

  test("with another token key changes nothing in a tab without a session", () => {
    const current = signedOut(1);
    expect(versionAfter(current, signedIn(2, "alice", "recorded", "other"))).toBe(current);
  });

  test("with another token key signs out this tab too, which keeps its own", () => {
    expect(versionAfter(signedIn(1), signedOut(2, "recorded", "other"))).toEqual(signedOut(2));
  });

  test.each([null, undefined, 1, "x", {}, [], { type: "version" }])("that is %j is ignored", (data) => {
    expect(isTabMessage(data)).toBe(false);
  });
});

describe("a tab that is asked for its version", () => {
  test("sends a version only if it is later than the other tab's", () => {
    expect([maySend(signedIn(2), 1), maySend(signedIn(2), 2), maySend(signedIn(2), 3)]).toEqual([true, false, false]);
  });

  test("does not send a session that is not recorded, whose refresh token two tabs could use", () => {
    expect(maySend(signedIn(2, "alice", "unrecorded"), 1)).toBe(false);
    expect(maySend(signedOut(2, "unrecorded"), 1)).toBe(true);
  });

  test("does not send a guess", () => {
    expect(maySend(guessFrom(signedIn(1), { generation: 2, isSignedIn: true }), 1)).toBe(false);
    expect(maySend(guessFrom(signedIn(1), { generation: 2, isSignedIn: false }), 1)).toBe(false);
  });
});

describe("a tab that missed the version in the record", () => {
  test("goes on with its session, without the refresh token that may be spent", () => {
    const guess = guessFrom(signedIn(1), { generation: 2, isSignedIn: true });
    expect(guess).toMatchObject({ generation: 2, source: "guess", session: { user: { sub: "alice" } } });
    expect(guess.session?.tokens).toEqual({ accessToken: "token of alice" });
  });

  test("has no session if the record has none, or if it had none itself", () => {
    expect(guessFrom(signedIn(1), { generation: 2, isSignedIn: false }).session).toBeNull();
    expect(guessFrom(signedOut(1), { generation: 2, isSignedIn: true }).session).toBeNull();
  });

  test("waits until that version or a later one arrives", () => {
    const guess = guessFrom(signedIn(1), { generation: 2, isSignedIn: true });
    expect([guess, signedIn(1), signedIn(2), signedOut(3)].map((version) => hasReceived(version, 2))).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });
});

describe("a turn begins", () => {
  test("with the record's generation", () => {
    expect(turnStart({ generation: 5, isSignedIn: true }, signedOut(3))).toEqual({
      generation: 5,
      isSignedIn: true,
      wasSignedIn: true,
      knowsRefreshes: true,
    });
  });

  test("with the tab's own version, if nothing was recorded yet", () => {
    expect(turnStart(undefined, firstVersion("app"))).toMatchObject({ wasSignedIn: false, knowsRefreshes: true });
    expect(turnStart(undefined, signedIn(3))).toMatchObject({ generation: 3, wasSignedIn: true });
  });

  test("without knowing what other tabs did, if the record cannot be read", () => {
    expect(turnStart(null, firstVersion("app"))).toMatchObject({ wasSignedIn: undefined, knowsRefreshes: false });
    expect(turnStart(null, signedIn(3))).toMatchObject({ wasSignedIn: true, knowsRefreshes: false });
    expect(turnStart(null, signedIn(3, "alice", "unrecorded"))).toMatchObject({ knowsRefreshes: true });
  });
});

describe("the next generation", () => {
  test("follows the time, so that it grows even if the browser has deleted the record", () => {
    expect(nextGeneration(5, 1_000, false)).toBe(1_001);
  });

  test("is later than all earlier ones, even if the clock was set back", () => {
    expect(nextGeneration(2_000, 1_000, false)).toBe(2_001);
  });

  test("of a sign-out is later than that of a concurrent turn", () => {
    expect(nextGeneration(5, 1_000, true)).toBe(1_000 + URGENT_LEAD);
  });
});
