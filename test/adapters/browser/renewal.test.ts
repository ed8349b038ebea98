import { beforeEach, describe, expect, test, vi } from "vitest";
import type { ClientSession } from "../../../adapters/browser/client-session.js";
import { getAccessToken, type Renewals } from "../../../adapters/browser/renewal.js";
import { REST } from "../../../adapters/browser/renewal-rules.js";
import type { Turn, TurnNote } from "../../../adapters/browser/turn.js";
import { ExchangeError } from "../../../core/errors.js";
import type { RefreshRequest } from "../../../core/provider/token-endpoint.js";

/** The hidden frame: finds no user, unless a test replaces it. */
const frame = vi.hoisted(() => ({ signIn: async (): Promise<unknown> => undefined, count: 0 }));
vi.mock("../../../adapters/browser/silent-sign-in.js", () => ({
  signInByFrame() {
    frame.count++;
    return frame.signIn();
  },
  leaveToSignInSilently: () => new Promise(() => {}),
}));

const NOW = 1_000_000;
const MINUTE = 60_000;
beforeEach(() => {
  frame.count = 0;
  frame.signIn = () => Promise.reject(new ExchangeError("login_required"));
});

interface TabOptions {
  /** Milliseconds for which the access token is valid. */
  readonly left?: number;
  readonly isDoubtful?: boolean;
  /** Whether the turn may reserve the refresh token. */
  readonly mayReserve?: boolean;
  /** What the turn finds when it wants to replace the session: it was passed by another turn that made this session. */
  readonly passedBy?: ClientSession | null;
}

const sessionWith = (refreshToken: string, left: number, isDoubtful = false): ClientSession => ({
  user: { sub: "alice" },
  scope: "openid",
  tokens: { accessToken: "old", refreshToken, expiresAt: NOW + left },
  isDoubtful,
});

const response = { accessToken: "new", refreshToken: "r2", requestedAt: NOW, expiresIn: 600 };
/** Sends the refresh token as a provider of a page does. */
const send = async ({ beforeSend }: RefreshRequest): Promise<unknown> => {
  await beforeSend?.();
  return response;
};

/** A tab in which Alice is signed in. `log` has what its turn does, in order. */
function createTab({ left = 0, isDoubtful = false, mayReserve = true, passedBy }: TabOptions = {}) {
  const state = {
    session: sessionWith("r1", left, isDoubtful) as ClientSession | null,
    refresh: send,
    note: {} as TurnNote,
  };
  const events: string[] = [];
  const log: string[] = [];
  const describeSession = (session: ClientSession | null) =>
    session
      ? `${session.tokens.accessToken} ${session.tokens.refreshToken} ${session.isDoubtful ? "doubtful" : "good"}`
      : "none";
  const turn: Partial<Turn> = {
    wasSignedIn: true,
    get note() {
      return state.note;
    },
    async reserveRefresh() {
      log.push("reserve");
      return mayReserve;
    },
    async replaceSession(next) {
      if (passedBy !== undefined) {
        state.session = passedBy;
        return false;
      }
      log.push(`store ${describeSession(next)}`);
      state.session = next;
      return true;
    },
    async writeNote(note) {
      log.push("note");
      state.note = note;
      return true;
    },
  };
  const context = {
    ports: { now: () => NOW },
    scope: "openid",
    audiences: [],
    provider: {
      refresh: (request: RefreshRequest) => {
        log.push(`refresh with ${request.refreshToken}`);
        return state.refresh(request);
      },
      revoke: async (token: string) => void log.push(`revoke ${token}`),
    },
    session: () => state.session,
    elsewhere: () => undefined,
    takeTurn: <T>(task: (turn: Turn) => Promise<T>) => task(turn as Turn),
    emit: ({ type }: { type: string }) => void events.push(type),
    inProgress: new Map(),
    restingUntil: 0,
  } as unknown as Renewals;
  /** The access token that a caller gets, or the code of the error. */
  const get = (request = {}) => getAccessToken(context, request).catch((error: { code: string }) => error.code);
  return { context, events, log, state, get };
}

describe("the event of a renewal", () => {
  const eventsOf = ({ events }: { events: string[] }) => events.filter((type) => type !== "transition");

  test("is `refreshed` once the tokens are stored", async () => {
    const tab = createTab();
    expect(await tab.get()).toBe("new");
    expect(eventsOf(tab)).toEqual(["refreshed"]);
    expect(tab.log).toEqual(["refresh with r1", "reserve", "store new r2 good"]);
  });

  test("is absent if the user signed out meanwhile: the refresh token is revoked", async () => {
    const tab = createTab({ passedBy: null });
    expect(await tab.get()).toBe("no_session");
    expect(eventsOf(tab)).toEqual([]);
    expect(tab.log.at(-1)).toBe("revoke r2");
  });

  test("is absent if another turn renewed meanwhile: the refresh token is of the same grant, and is not revoked", async () => {
    const tab = createTab({ passedBy: sessionWith("r3", 10 * MINUTE) });
    expect(await tab.get()).toBe("new");
    expect(eventsOf(tab)).toEqual([]);
    expect(tab.log).toEqual(["refresh with r1", "reserve"]);
  });
});

describe("a refresh token", () => {
  test("that was not sent, because the request could not be prepared, is reserved by nobody and as good as before", async () => {
    const tab = createTab();
    tab.state.refresh = () => Promise.reject(new ExchangeError("provider_unreachable"));
    expect(await tab.get()).toBe("provider_unreachable");
    expect(tab.log).toEqual(["refresh with r1", "note"]);
    expect(tab.state.session?.isDoubtful).toBe(false);
  });

  test.each([
    ["a lost response", { reason: "timeout" }, "store old r1 doubtful"],
    ["a gateway", { status: 504 }, "store old r1 doubtful"],
    ["a provider that refuses", { status: 429 }, "store old r1 good"],
  ])("that was sent stays after %s, and all tabs learn whether it may be spent", async (_what, cause, stored) => {
    const tab = createTab();
    tab.state.refresh = async ({ beforeSend }) => {
      await beforeSend?.();
      throw new ExchangeError("provider_unreachable", { cause });
    };
    expect(await tab.get()).toBe("provider_unreachable");
    expect(tab.log).toEqual(["refresh with r1", "reserve", stored, "note"]);
  });

  test("that came with an ID Token that is invalid, by a wrong clock, is stored before the error", async () => {
    const tab = createTab();
    tab.state.refresh = async ({ beforeSend }) => {
      await beforeSend?.();
      return {
        ...response,
        accessToken: "",
        error: new ExchangeError("id_token_invalid", { cause: { claim: "iat" } }),
      };
    };
    expect(await tab.get()).toBe("id_token_invalid");
    expect(tab.log).toEqual(["refresh with r1", "reserve", "store old r2 good", "note"]);
    tab.state.refresh = send;
    expect(await tab.get()).toBe("new");
    expect(tab.log).toContain("refresh with r2");
  });

  test("may be spent if a response has no tokens at all, as that of a gateway", async () => {
    const tab = createTab();
    tab.state.refresh = async ({ beforeSend }) => {
      await beforeSend?.();
      return { ...response, accessToken: "", refreshToken: "r1", error: new ExchangeError("provider_invalid") };
    };
    expect(await tab.get()).toBe("provider_invalid");
    expect(tab.log).toEqual(["refresh with r1", "reserve", "store old r1 doubtful", "note"]);
  });

  test("that may be spent is not sent while a token is valid", async () => {
    const tab = createTab({ left: MINUTE / 2, isDoubtful: true });
    expect(await tab.get()).toBe("old");
    expect([frame.count, tab.log]).toEqual([1, ["note"]]);
  });

  test("that may be spent is sent when no token is left and the frame finds no user", async () => {
    const tab = createTab({ isDoubtful: true });
    expect(await tab.get()).toBe("new");
    expect([frame.count, tab.log]).toEqual([1, ["refresh with r1", "reserve", "store new r2 good"]]);
  });

  test("that may be spent, and then is refused, ends the session when no token is left", async () => {
    const tab = createTab({ isDoubtful: true });
    tab.state.refresh = async ({ beforeSend }) => {
      await beforeSend?.();
      throw new ExchangeError("grant_ended", { cause: { status: 400 } });
    };
    expect(await tab.get()).toBe("grant_ended");
    expect([frame.count, tab.log.at(-1)]).toEqual([1, "store none"]);
  });

  test("that may be spent, and cannot be reserved, ends no session", async () => {
    const tab = createTab({ isDoubtful: true, mayReserve: false });
    expect(await tab.get()).toBe("login_required");
    expect(tab.log).toEqual(["refresh with r1", "reserve", "note"]);
    expect(tab.state.session?.tokens.refreshToken).toBe("r1");
  });

  test("that may be spent is not sent if the tab that sent it stores its new tokens meanwhile", async () => {
    const tab = createTab({ isDoubtful: true });
    frame.signIn = async () => {
      const late = sessionWith("r2", 10 * MINUTE);
      tab.state.session = { ...late, tokens: { ...late.tokens, accessToken: "late" } };
      throw new ExchangeError("login_required");
    };
    expect(await tab.get()).toBe("late");
    expect(tab.log).toEqual(["store late r2 good"]);
  });
});

test("a caller gets no token if the user signs out while the caller waits, although the token is valid", async () => {
  for (const failsAfter of [500, 1_500]) {
    const tab = createTab({ left: MINUTE / 2 });
    const failure = new ExchangeError("provider_unreachable");
    tab.state.refresh = () => new Promise((_resolve, reject) => setTimeout(reject, failsAfter, failure));
    const outcome = tab.get();
    tab.state.session = null;
    expect(await outcome).toBe("no_session");
  }
});

describe("a provider that does not respond", () => {
  const hang = () => new Promise<never>(() => {});
  const timed = async (call: () => Promise<unknown>) => {
    const from = performance.now();
    return [await call(), Math.round((performance.now() - from) / 500) / 2];
  };

  test("delays the first caller with a valid token for a second, and others less", async () => {
    const tab = createTab({ left: MINUTE / 2 });
    tab.state.refresh = hang;
    expect(await timed(() => tab.get())).toEqual(["old", 1]);
    expect(await timed(() => tab.get())).toEqual(["old", 0]);
    expect(tab.log).toEqual(["refresh with r1"]);
  });

  test("causes a rest, which other tabs find in the record", async () => {
    const tab = createTab({ left: MINUTE / 2 });
    tab.state.note = { restingUntil: NOW + REST };
    expect(await timed(() => tab.get())).toEqual(["old", 0]);
    expect([tab.log, tab.context.restingUntil]).toEqual([[], NOW + REST]);
  });

  test("causes a rest also in a tab that rested before its clock was set back", async () => {
    const tab = createTab({ left: MINUTE / 2 });
    tab.context.restingUntil = NOW + 120 * MINUTE;
    tab.state.note = { restingUntil: NOW + REST };
    expect(await tab.get()).toBe("old");
    expect(tab.log).toEqual([]);
  });

  test("delays a caller who wants another token, or has none that is valid, until the request has failed", async () => {
    for (const [left, request] of [
      [MINUTE / 2, { refresh: true }],
      [0, {}],
    ] as const) {
      const tab = createTab({ left });
      tab.state.refresh = () =>
        new Promise((_resolve, reject) => setTimeout(reject, 1_500, new ExchangeError("provider_unreachable")));
      expect(await timed(() => tab.get(request))).toEqual(["provider_unreachable", 1.5]);
    }
  });
});
