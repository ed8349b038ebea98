import { describe, expect, test } from "vitest";
import type { ClientSession } from "../../../adapters/browser/client-session.js";
import {
  firstVersion,
  guessFrom,
  isBehind,
  isTabMessage,
  knowsRefreshes,
  latestRecord,
  maySend,
  nextGeneration,
  type SessionVersion,
  URGENT_LEAD,
  versionAfter,
  wasSignedIn,
} from "../../../adapters/browser/session-version.js";

const sessionOf = (sub: string): ClientSession => ({
  user: { sub },
  scope: "openid",
  tokens: { accessToken: `token of ${sub}`, refreshToken: `refresh token of ${sub}` },
});
const signedIn = (generation: number, sub = "alice", isRecorded = true, tokenKey = "app"): SessionVersion => ({
  generation,
  tokenKey,
  isRecorded,
  session: sessionOf(sub),
});
const signedOut = (generation: number, isRecorded = true, tokenKey = "app"): SessionVersion => ({
  generation,
  tokenKey,
  isRecorded,
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

  test("with the version that a tab missed replaces the guess", () => {
    const guess = guessFrom(signedIn(1), { generation: 2, isSignedIn: true });
    expect(versionAfter(guess, signedIn(2))).toEqual(signedIn(2));
    expect(versionAfter(guess, signedIn(1))).toBe(guess);
  });

  test("with another token key changes the generation; the tab keeps its tokens if the user is the same", () => {
    const { session } = signedIn(1);
    expect(versionAfter(signedIn(1), signedIn(2, "alice", true, "other"))).toMatchObject({
      generation: 2,
      tokenKey: "app",
      session,
    });
  });

  test("with another token key and another user ends this tab's session, but is no sign-out, and says who signed in", () => {
    expect(versionAfter(signedIn(1), signedIn(2, "bob", true, "other"))).toEqual({
      ...signedIn(1),
      session: null,
      missed: 2,
      elsewhere: { user: { sub: "bob" }, scope: "", tokens: { accessToken: "", expiresAt: 0 } },
    });
  });

  test("with another token key tells a tab without a session who signed in, and gives it no token", () => {
    const next = versionAfter(signedOut(1), signedIn(2, "alice", true, "other"));
    expect(next).toMatchObject({ generation: 1, session: null, isSignOut: true, missed: 2 });
    expect(next.elsewhere?.user.sub).toBe("alice");
    expect(JSON.stringify(next)).not.toContain("token of alice");
    // A renewal there tells nothing new, an older message neither, and a sign-out there ends it.
    expect(versionAfter(next, signedIn(4, "alice", true, "other"))).toMatchObject({ missed: 4, session: null });
    expect(versionAfter({ ...next, missed: 5 }, signedIn(3, "bob", true, "other")).elsewhere?.user.sub).toBe("alice");
    expect(versionAfter(next, signedOut(3, true, "other"))).toEqual(signedOut(3));
    // Tokens of its own replace all that.
    expect(versionAfter(next, signedIn(3))).toEqual(signedIn(3));
  });

  test("with another token key that is a guess does not make this tab's session one", () => {
    const guess = guessFrom(signedIn(2, "alice", true, "other"), { generation: 3, isSignedIn: true });
    expect(versionAfter(signedIn(1), guess)).toEqual({ ...signedIn(2), session: signedIn(1).session });
  });

  test("with another token key signs out this tab too, which keeps its own", () => {
    expect(versionAfter(signedIn(1), signedOut(2, true, "other"))).toEqual(signedOut(2));
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
    expect(maySend(signedIn(2, "alice", false), 1)).toBe(false);
    expect(maySend(signedOut(2, false), 1)).toBe(true);
  });

  test("sends a guess as the old version that it is", () => {
    const guess = guessFrom(signedIn(1), { generation: 2, isSignedIn: true });
    expect([maySend(guess, 0), maySend(guess, 1)]).toEqual([true, false]);
  });
});

describe("a tab that missed the version in the record", () => {
  test("goes on with its session, whose refresh token may be spent", () => {
    const guess = guessFrom(signedIn(1), { generation: 2, isSignedIn: true });
    const session = { ...sessionOf("alice"), isDoubtful: true };
    expect(guess).toEqual({ ...signedIn(1), missed: 2, session });
  });

  test("has no session if the record has none, or if it had none itself", () => {
    expect(guessFrom(signedIn(1), { generation: 2, isSignedIn: false }).session).toBeNull();
    expect(guessFrom(signedOut(1), { generation: 2, isSignedIn: true }).session).toBeNull();
  });

  test("requests each missed version once", () => {
    const guess = guessFrom(signedIn(1), { generation: 2, isSignedIn: true });
    expect([isBehind(signedIn(1), 2), isBehind(guess, 2), isBehind(guess, 3), isBehind(signedIn(2), 2)]).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });
});

describe("a turn begins", () => {
  test("with the record", () => {
    const record = { generation: 5, isSignedIn: true };
    expect(latestRecord(record, signedOut(3))).toBe(record);
    expect([wasSignedIn(record, signedOut(3)), knowsRefreshes(record, signedOut(3))]).toEqual([true, true]);
  });

  test("with the tab's own version, if nothing was recorded yet", () => {
    expect(latestRecord(undefined, signedIn(3))).toEqual({ generation: 3, isSignedIn: true });
    expect([wasSignedIn(undefined, firstVersion("app")), wasSignedIn(undefined, signedIn(3))]).toEqual([false, true]);
    expect(knowsRefreshes(undefined, signedIn(3))).toBe(true);
  });

  test("without knowing what other tabs did, if the record cannot be read", () => {
    expect([wasSignedIn(null, firstVersion("app")), wasSignedIn(null, signedIn(3))]).toEqual([undefined, true]);
    expect([knowsRefreshes(null, signedIn(3)), knowsRefreshes(null, signedIn(3, "alice", false))]).toEqual([
      false,
      true,
    ]);
  });

  test("with a sign-out that came later than the record, which could not be written", () => {
    expect(wasSignedIn({ generation: 5, isSignedIn: true }, signedOut(6, false))).toBe(false);
    expect(wasSignedIn({ generation: 5, isSignedIn: false }, signedIn(6, "alice", false))).toBe(true);
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
