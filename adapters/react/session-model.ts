import { LatchkeyError } from "../../core/errors.js";
import type { User } from "../../core/exchange/user.js";
import { shownPath, watchPage } from "../browser/page.js";
import { createStore, LOADING, stateOf } from "../browser/state.js";
import { type HandledEvent, type LoginOptions, type LogoutOptions, toLogin, toLogout } from "./login-options.js";
import type { AuthModel, ModelState } from "./model.js";
import { navigateTo, post } from "./page.js";
import { createTabs, type Tabs } from "./tabs.js";
import { at } from "./timer.js";

/** Somebody who is signed in, as the server tells it: `auth.getSession()`, or the answer of `/auth/me`. */
export interface ServerSession {
  readonly user: User | null;
  /** Milliseconds since the epoch, as are the next two. */
  readonly expiresAt?: number | null | undefined;
  readonly inactiveAt?: number | null | undefined;
  readonly endsAt?: number | null | undefined;
}

export interface SessionOptions {
  /** The path that the routes are under, with the app's own in front of it, if it has one. @default "/auth" */
  mount?: string | undefined;
  /** @default the platform's */
  fetch?: typeof globalThis.fetch | undefined;
  /** Sends the page elsewhere. @default `location.assign` */
  navigate?: ((url: string) => void) | undefined;
}

/** The server did not say who is signed in: it did not answer, or its answer is none of this package. The page keeps what it knew. */
export class SessionError extends LatchkeyError<"session_unknown"> {
  latchkeyError() {
    return "SessionError";
  }
  constructor(
    /** The HTTP status of the answer; undefined when the server did not answer. */
    readonly status: number | undefined,
    options?: { cause?: unknown },
  ) {
    super("session_unknown", "session unknown", options);
  }
}

const NOBODY: ServerSession = { user: null };

function stateFrom(session: ServerSession | null): ModelState {
  const { user, expiresAt, inactiveAt, endsAt } = session ?? NOBODY;
  const end = expiresAt ?? Math.min(inactiveAt ?? Infinity, endsAt ?? Infinity);
  return user && end < Infinity ? { ...stateOf(user), expiresAt: end } : stateOf(user);
}

/** @throws SessionError, and what `fetch` throws */
async function ask(url: string, fetch: typeof globalThis.fetch, signal: AbortSignal): Promise<ServerSession> {
  const headers = { accept: "application/json" };
  const response = await fetch(url, { cache: "no-store", credentials: "same-origin", headers, signal });
  const { status } = response;
  // Not ours, but a proxy's or another server's way to say so.
  if (status === 401) return NOBODY;
  const session = response.ok ? ((await response.json()) as ServerSession | null) : undefined;
  if (typeof session?.user !== "object") throw new SessionError(status);
  return session;
}

export interface SessionModel extends AuthModel {
  /** What the server has said in a later render. */
  accept(session: ServerSession | null | undefined): void;
}

/** The server is the client, and this page asks it who is signed in. `seed` is what it has told while rendering. */
export function createSessionModel(options: SessionOptions, seed: ServerSession | null | undefined): SessionModel {
  const { mount = "/auth", navigate = navigateTo } = options;
  /** Milliseconds between two looks at a page for which the server is asked again. */
  const THROTTLE = 5000;
  /** Milliseconds to the next try where the session should have ended: the clocks differ, or nobody answered. */
  const RETRY = 60_000;
  const now = Date.now;
  const serverState = seed === undefined ? LOADING : stateFrom(seed);
  const store = createStore(serverState);
  const getState: () => ModelState = store.getState;
  let accepted = JSON.stringify(seed);
  let newest = new AbortController();
  let reading: Promise<void> = Promise.resolve();
  let isFresh = false;
  let askedAt = 0;
  let isStarted = false;
  let tabs: Tabs | undefined;
  let stopTimer = () => {};

  function set(state: ModelState): void {
    store.setState(state);
    stopTimer();
    const { user, expiresAt } = state;
    if (!isStarted || !user || !expiresAt) return;
    // Just after it: the server decides.
    stopTimer = at(expiresAt > now() ? expiresAt + 1000 : now() + RETRY, now, refresh);
  }

  function learned(told: ModelState): void {
    const before = getState();
    // The same object for the same claims, so that effects which depend on it do not run again.
    const user = JSON.stringify(told.user) === JSON.stringify(before.user) ? before.user : told.user;
    const isNew = user !== before.user || told.expiresAt !== before.expiresAt || before.error || before.isLoading;
    set(isNew ? ({ ...told, user } as ModelState) : before);
  }

  function failed(thrown: unknown): void {
    const error = thrown instanceof SessionError ? thrown : new SessionError(undefined, { cause: thrown });
    set({ ...getState(), isLoading: false, error });
  }

  /** Asks anew; an older question no longer counts. What was heard from another tab is not told on. */
  function read(isTold: boolean): Promise<void> {
    newest.abort();
    newest = new AbortController();
    const { signal } = newest;
    askedAt = now();
    const settle = (act: () => void) => {
      if (!signal.aborted) return act();
      // Overtaken: whoever waits gets what the newest one finds.
      return newest.signal === signal ? undefined : reading;
    };
    reading = ask(`${mount}/me`, options.fetch ?? fetch, signal).then(
      (session) =>
        settle(() => {
          learned(stateFrom(session));
          tabs?.know(getState().user?.sub ?? null, isTold);
        }),
      (thrown) => settle(() => failed(thrown)),
    );
    return reading;
  }

  /** One question for all that ask at once. */
  function refresh(): Promise<void> {
    if (isFresh) return reading;
    isFresh = true;
    queueMicrotask(() => {
      isFresh = false;
    });
    return read(true);
  }

  function open(): void {
    tabs = createTabs(`latchkey${mount}`, () => read(false));
    if (!getState().isLoading) tabs.know(getState().user?.sub ?? null, true);
  }

  return {
    getState,
    onChange: store.onChange,
    serverState,
    now,
    handlers: {},
    refresh,
    async login(options?: LoginOptions | HandledEvent) {
      const { returnTo = shownPath(), params } = toLogin(options);
      const query = new URLSearchParams({ ...(params as Record<string, string>), returnTo });
      navigate(`${mount}/login?${query}`);
    },
    async logout(options?: LogoutOptions | HandledEvent) {
      const { returnTo } = toLogout(options);
      post(`${mount}/logout${returnTo === undefined ? "" : `?${new URLSearchParams({ returnTo })}`}`);
    },
    accept(session) {
      const text = JSON.stringify(session);
      if (text === accepted || session === undefined) return;
      accepted = text;
      learned(stateFrom(session));
      // It may come from a cache of the router's.
      void refresh();
    },
    start() {
      isStarted = true;
      const stopWatching = watchPage({
        look() {
          if (now() - askedAt >= THROTTLE) void refresh();
        },
        left() {
          tabs?.close();
        },
        restored() {
          open();
          void refresh();
        },
      });
      open();
      if (getState().isLoading) void refresh();
      else {
        askedAt = now();
        set(getState());
      }
      return () => {
        isStarted = false;
        isFresh = false;
        newest.abort();
        stopTimer();
        stopWatching();
        tabs?.close();
      };
    },
  };
}
