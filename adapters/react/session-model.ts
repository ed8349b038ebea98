import type { LoginOptions } from "../browser/client-types.js";
import { createObservableState, type ObservableState } from "../browser/observable-state.js";
import { currentPath, watchPage } from "../browser/page.js";
import type { LogoutOptions } from "../browser/sign-out.js";
import { LOADING, stateOf } from "../browser/state.js";
import type { Auth0LogoutOptions } from "./auth0-options.js";
import { type HandledEvent, optionsOf } from "./login-options.js";
import type { AuthHandlers, AuthModel, ModelState } from "./model.js";
import { navigateTo, post } from "./page.js";
import { fetchSession, type ServerSession, SessionError, stateAfter, stateFrom } from "./server-session.js";
import { callAt } from "./timer.js";
import { openUserChannel, type UserChannel } from "./user-channel.js";

export interface SessionOptions {
  /** The path of latchkey's routes, with the base path of the app in front of it. @default "/auth" */
  mount?: string | undefined;
  /** @default the platform's */
  fetch?: typeof globalThis.fetch | undefined;
  /** Sends the page to another URL. @default `location.assign` */
  navigate?: ((url: string) => void) | undefined;
}

/** When the user returns to the page, it reads the session unless it did so within this many milliseconds. */
const MIN_INTERVAL = 5_000;
/** Milliseconds until the page asks again when `expiresAt` has passed and the server has not said that the session ended. */
const RETRY = 60_000;

/**
 * The model of a page whose server is the client of the provider, and keeps the session in cookies. The page reads the session
 * from `/auth/me`: when it starts, when the user returns to it, when another tab has another user, and when `expiresAt` has passed.
 */
export class SessionModel implements AuthModel {
  readonly serverState: ModelState;
  handlers: AuthHandlers = {};
  readonly getState: () => ModelState;
  readonly onChange: AuthModel["onChange"];
  readonly #state: ObservableState<ModelState>;
  readonly #options: SessionOptions;
  readonly #mount: string;
  /** The last session that the server rendered, as JSON. */
  #renderedSession: string | undefined;
  /** Aborts the last request. */
  #request = new AbortController();
  /** The result of the last request. */
  #response: Promise<void> = Promise.resolve();
  #requestedAt = 0;
  /** Whether the last request began in this microtask: then it serves all callers of `refresh`. */
  #isJustRequested = false;
  /** Open while the model is started. */
  #channel: UserChannel | undefined;
  #stopTimer: (() => void) | undefined;

  /** @param session the session that the server rendered; undefined if it rendered none and the page must ask */
  constructor(options: SessionOptions, session: ServerSession | null | undefined) {
    this.#options = options;
    this.#mount = options.mount ?? "/auth";
    this.serverState = session === undefined ? LOADING : stateFrom(session);
    this.#state = createObservableState(this.serverState);
    this.getState = this.#state.getState;
    this.onChange = this.#state.onChange;
    this.#renderedSession = JSON.stringify(session);
  }

  async login({ returnTo = currentPath(), params }: LoginOptions): Promise<void> {
    const query = new URLSearchParams({ ...params, returnTo });
    (this.#options.navigate ?? navigateTo)(`${this.#mount}/login?${query}`);
  }

  readonly logout = async (options?: LogoutOptions | Auth0LogoutOptions | HandledEvent): Promise<void> => {
    const { returnTo } = optionsOf<LogoutOptions>(options);
    post(`${this.#mount}/logout${returnTo === undefined ? "" : `?${new URLSearchParams({ returnTo })}`}`);
  };

  /** Calls in the same microtask share one request. */
  readonly refresh = (): Promise<void> => {
    if (!this.#isJustRequested) {
      this.#isJustRequested = true;
      queueMicrotask(() => {
        this.#isJustRequested = false;
      });
      this.#fetch(true);
    }
    return this.#response;
  };

  /** Shows the session of a later render of the server, and reads it again: a router may have rendered an old one from a cache. */
  accept(session: ServerSession | null | undefined): void {
    const text = JSON.stringify(session);
    if (text === this.#renderedSession || session === undefined) return;
    this.#renderedSession = text;
    this.#setState(stateAfter(this.getState(), stateFrom(session)));
    void this.refresh();
  }

  start(): () => void {
    const stopWatching = watchPage({
      onReturn: () => {
        if (Date.now() - this.#requestedAt >= MIN_INTERVAL) void this.refresh();
      },
      onLeave: () => this.#channel?.close(),
      onRestore: () => {
        this.#openChannel();
        void this.refresh();
      },
    });
    this.#openChannel();
    if (this.getState().isLoading) void this.refresh();
    else {
      this.#requestedAt = Date.now();
      this.#setState(this.getState());
    }
    return () => {
      this.#isJustRequested = false;
      this.#request.abort();
      this.#response = Promise.resolve();
      this.#stopTimer?.();
      stopWatching();
      this.#channel?.close();
      this.#channel = undefined;
    };
  }

  /** Reads the session from the server, and aborts an earlier request. `mustAnnounce`: sends the user to the other tabs. */
  #fetch(mustAnnounce: boolean): void {
    this.#request.abort();
    this.#request = new AbortController();
    const { signal } = this.#request;
    this.#requestedAt = Date.now();
    // If a later request has replaced this one, the callers wait for the later one.
    const settle = (change: () => void) => (signal.aborted ? this.#response : change());
    this.#response = fetchSession(`${this.#mount}/me`, this.#options.fetch ?? fetch, signal).then(
      (session) =>
        settle(() => {
          this.#setState(stateAfter(this.getState(), stateFrom(session)));
          this.#setUser(mustAnnounce);
        }),
      (thrown) => settle(() => this.#fail(thrown)),
    );
  }

  #fail(thrown: unknown): void {
    const error = thrown instanceof SessionError ? thrown : new SessionError(undefined, { cause: thrown });
    const { user, expiresAt, isSignedOut } = this.getState();
    this.#setState({ ...stateOf(user, error, isSignedOut), expiresAt });
  }

  #setState(state: ModelState): void {
    this.#state.setState(state);
    this.#stopTimer?.();
    const { user, expiresAt } = state;
    if (!this.#channel || !user || !expiresAt) return;
    const now = Date.now();
    // A second after the end, so that the server has ended the session too.
    this.#stopTimer = callAt(expiresAt > now ? expiresAt + 1000 : now + RETRY, Date.now, this.refresh);
  }

  #setUser(mustAnnounce: boolean): void {
    this.#channel?.setUser(this.getState().user?.sub ?? null, mustAnnounce);
  }

  #openChannel(): void {
    this.#channel = openUserChannel(`latchkey${this.#mount}`, () => this.#fetch(false));
    if (!this.getState().isLoading) this.#setUser(true);
  }
}
