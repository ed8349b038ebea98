import { ExchangeError, must } from "../../core/errors.js";
import { emitter, failure } from "../../core/events.js";
import { safeReturnTo } from "../../core/exchange/return-to.js";
import type { AccessToken, TokenRequest } from "../../core/exchange/token-set.js";
import type { User } from "../../core/exchange/user.js";
import { acceptSignIn } from "./accept-sign-in.js";
import { isPage, type SignedIn } from "./callback.js";
import { ClientCallback } from "./client-callback.js";
import type { ClientSession } from "./client-session.js";
import type { Client, LoginOptions } from "./client-types.js";
import type { ClientOptions } from "./options.js";
import { shownPath, watchPage } from "./page.js";
import { openPopup } from "./popup.js";
import { Renewal } from "./renewal.js";
import { tokenStatus } from "./renewal-rules.js";
import { normalizeRequest } from "./session.js";
import { settingsOf } from "./settings.js";
import { type ClientContext, leaveToSignIn, signInElsewhere } from "./sign-in.js";
import { type LogoutOptions, signOut } from "./sign-out.js";
import { type AuthState, createStore, LOADING, type Store, stateOf } from "./state.js";
import { createTabs, type Tabs } from "./tabs.js";
import type { Turn } from "./turn.js";

/** How many times `httpTimeout` a turn may take: requests with the refresh token, and a frame after them. */
const REQUESTS_PER_TURN = 12;

const isServer = typeof document === "undefined";
const mustBeInPage = () => must(!isServer, "call it in an effect or an event handler");

/** A promise that never resolves: nothing must happen any more in a frame or popup that has relayed its callback. */
const never = /* @__PURE__ */ new Promise<never>(() => {});

/**
 * Makes a client of an OpenID Provider for this page. On a server it has no user and sends no request.
 *
 * @example
 * ```ts
 * import { createClient } from "latchkey/browser";
 *
 * const client = createClient({
 *   issuer: "https://tenant.eu.auth0.com/",
 *   clientId: "…",
 *   redirectUri: `${location.origin}/callback/`,
 * });
 *
 * const signedIn = await client.handleCallback();
 * if (signedIn) history.replaceState(null, "", signedIn.returnTo);
 * const user = await client.getUser();
 * if (!user) await client.login();
 * ```
 * @throws MisuseError (`invalid_config`) when the options are wrong
 */
export const createClient = (options: ClientOptions): Client => new PageClient(options);

/**
 * The session is that of all tabs (`tabs.ts`); this object shows it (`getState`), and begins, renews and ends it.
 *
 * The first call of `getUser` or `getAccessToken` starts the client, in this order: a frame or popup relays its callback and
 * stops; the sign-in that this page is the callback of is completed; the session is restored from other tabs or from the
 * provider. A start that failed is repeated by the next call. Methods are arrow functions, so that apps can pass them on.
 */
class PageClient implements Client {
  readonly #context: ClientContext;
  readonly #store: Store<AuthState> = createStore(LOADING);
  readonly #renewal: Renewal;
  readonly #callback: ClientCallback;
  /** Made at the first use: a page that needs no session opens no channel. */
  #tabs: Tabs | undefined;
  #isWatching = false;
  /** Absent before the first start, and after one that failed. */
  #started: Promise<void> | undefined;
  #startError: unknown;

  constructor(options: ClientOptions) {
    const settings = settingsOf(options);
    this.#context = { settings, emit: emitter(options.onEvent, settings.ports.now) };
    this.#renewal = new Renewal(this.#context, this.#getTabs);
    this.#callback = new ClientCallback(this.#context, this.#getTabs, this.#fail);
  }

  readonly getState = (): AuthState => this.#store.getState();
  readonly onChange = (listener: (state: AuthState) => void): (() => void) => this.#store.onChange(listener);

  readonly getUser = async (): Promise<User | null> => {
    await this.#start();
    return this.#session()?.user ?? null;
  };

  readonly login = async ({
    popup: isPopup = false,
    returnTo,
    audience,
    scope,
    ...options
  }: LoginOptions = {}): Promise<void> => {
    mustBeInPage();
    const { settings } = this.#context;
    // Opened before anything is awaited: browsers open a window only during the click.
    const popup = isPopup ? openPopup() : undefined;
    // A sign-in that began on the callback page itself does not return there.
    const here = isPage(location.href, settings.redirectUri) ? "/" : shownPath();
    const request = {
      ...options,
      scope,
      tokenRequest: normalizeRequest(settings, undefined, { audience }),
      returnTo: safeReturnTo(returnTo, location.origin, here),
    };
    try {
      if (!popup) return await leaveToSignIn(this.#context, { ...request, mode: "page" });
      const result = signInElsewhere(this.#context, { ...request, mode: "popup" }, popup.authorize);
      const accepted = result.then((signedIn) => acceptSignIn(this.#context, this.#getTabs(), signedIn, false));
      // A user who comes back from a window that seemed closed is signed in all the same.
      await Promise.race([accepted, popup.closed]);
    } catch (error) {
      popup?.close();
      this.#fail(error);
      throw error;
    }
  };

  readonly handleCallback = async (url?: string): Promise<SignedIn | undefined> => {
    if (isServer) return undefined;
    if (await this.#callback.isRelay()) return never;
    try {
      return await this.#callback.complete(url);
    } catch (error) {
      // The session of a user who is signed in all the same is restored, as on any page.
      this.#start().catch(() => {});
      throw error;
    }
  };

  readonly logout = async (options: LogoutOptions = {}): Promise<void> => {
    let ended = this.#session();
    const end = (turn: Turn) => {
      const current = this.#session();
      // A guess has no refresh token, although one may be valid: then the session from before the turn has it.
      if (current?.tokens.refreshToken || !ended) ended = current;
      return turn.replaceSession(null, true);
    };
    // Repeated until no turn of another tab has replaced the session in between.
    while (!(await this.#getTabs().takeTurn(end, true)));
    this.#context.emit({ type: "signed_out" });
    await signOut(this.#context, ended, options);
  };

  readonly getAccessToken = async (request: TokenRequest = {}): Promise<string> => {
    await this.#start();
    return this.#renewal.getAccessToken(request);
  };

  readonly peekAccessToken = (request: TokenRequest = {}): AccessToken | undefined => {
    const tokens = this.#session()?.tokens;
    if (!tokens || request.refresh) return undefined;
    const { settings } = this.#context;
    const { token } = tokenStatus(tokens, normalizeRequest(settings, tokens, request), settings.ports.now());
    if (!token) return undefined;
    const { accessToken, expiresAt, dueAt, scope, audience } = token;
    return { accessToken, expiresAt, dueAt, scope, audience };
  };

  readonly #getTabs = (): Tabs => {
    mustBeInPage();
    const { clientId, issuer, scope, audiences, httpTimeout } = this.#context.settings;
    this.#tabs ??= createTabs({
      name: `latchkey ${clientId} ${issuer}`,
      purpose: JSON.stringify([scope, audiences]),
      limit: REQUESTS_PER_TURN * httpTimeout * 1000,
      onSession: this.#show,
    });
    return this.#tabs;
  };

  #session(): ClientSession | null {
    return this.#tabs?.session() ?? null;
  }

  /** Shows a session that replaced another. The state object stays the same for the same user. */
  readonly #show = (session: ClientSession | null, isSignOut: boolean): void => {
    const { user, isLoading, error } = this.getState();
    const next = session?.user ?? null;
    if (isLoading || error || JSON.stringify(user) !== JSON.stringify(next)) {
      this.#store.setState(stateOf(next, undefined, isSignOut));
    }
  };

  readonly #fail = (error: unknown): void => {
    if (error instanceof ExchangeError) this.#context.emit(failure(error));
    this.#store.setState(stateOf(this.#session()?.user ?? null, error as Error));
  };

  /** Starts the client once; again after a start that failed. */
  #start(): Promise<void> {
    this.#started ??= isServer ? Promise.resolve() : this.#run();
    return this.#started;
  }

  async #run(): Promise<void> {
    if (await this.#callback.isRelay()) await never;
    this.#watch();
    await this.#callback.completeForStart();
    try {
      await this.#renewal.restore();
      const { isLoading, error } = this.getState();
      const isStartError = error !== undefined && error === this.#startError;
      if (isLoading || isStartError) this.#store.setState(stateOf(this.#session()?.user ?? null));
    } catch (error) {
      this.#started = undefined;
      this.#startError = error;
      this.#fail(error);
      throw error;
    }
  }

  /** Catches up when the user returns to the page: it may have missed messages in the back-forward cache, or without a network. */
  #watch(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    const catchUp = () =>
      void this.#start()
        .then(() => this.#getTabs().takeTurn(async () => {}))
        .catch(() => {});
    watchPage({ onReturn: catchUp, onRestore: catchUp });
  }
}
