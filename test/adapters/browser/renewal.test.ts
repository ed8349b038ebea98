import { describe, expect, test } from "vitest";
import type { ClientSession } from "../../../adapters/browser/client-session.js";
import { getAccessToken, type Renewals } from "../../../adapters/browser/renewal.js";
import type { Turn } from "../../../adapters/browser/turn.js";

const NOW = 1_000_000;

/** A tab in which Alice is signed in. `isStored`: whether its turn may still replace the session. */
function createTab(isStored: boolean) {
  let session: ClientSession | null = {
    user: { sub: "alice" },
    scope: "openid",
    tokens: { accessToken: "old", refreshToken: "r1", expiresAt: NOW },
  };
  const events: string[] = [];
  const revoked: string[] = [];
  const turn: Partial<Turn> = {
    reserveRefresh: async () => true,
    async replaceSession(next) {
      if (isStored) session = next;
      return isStored;
    },
  };
  const context = {
    ports: { now: () => NOW },
    scope: "openid",
    audiences: [],
    provider: {
      refresh: async () => ({ accessToken: "new", refreshToken: "r2", requestedAt: NOW, expiresIn: 600 }),
      revoke: async (token: string) => void revoked.push(token),
    },
    session: () => session,
    takeTurn: <T>(task: (turn: Turn) => Promise<T>) => task(turn as Turn),
    emit: ({ type }: { type: string }) => void events.push(type),
    inProgress: new Map(),
    backOffUntil: 0,
  } as unknown as Renewals;
  return { context, events, revoked };
}

describe("the event of a renewal", () => {
  test("is `refreshed` once the tokens are stored", async () => {
    const { context, events, revoked } = createTab(true);
    expect(await getAccessToken(context, {})).toBe("new");
    expect(events.filter((type) => type !== "transition")).toEqual(["refreshed"]);
    expect(revoked).toEqual([]);
  });

  test("is absent if another turn passed this one: its refresh token is revoked", async () => {
    const { context, events, revoked } = createTab(false);
    expect(await getAccessToken(context, {})).toBe("new");
    expect(events.filter((type) => type !== "transition")).toEqual([]);
    expect(revoked).toEqual(["r2"]);
  });
});
