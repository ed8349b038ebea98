import { ExchangeError, must } from "../../core/errors.js";
import { emitter, failure } from "../../core/events.js";
import type { AuthorizationOptions } from "../../core/exchange/authorization.js";
import { safeReturnTo } from "../../core/exchange/return-to.js";
import { assess } from "../../core/exchange/token-life.js";
import type { AccessToken, TokenRequest, TokenSet } from "../../core/exchange/token-set.js";
import type { User } from "../../core/exchange/user.js";
import { callbackTransaction, completeCallback, isPage, type SignedIn } from "./callback.js";
import { relayCallback } from "./callback-relay.js";
import type { ClientSession } from "./client-session.js";
import type { ClientOptions } from "./options.js";
import { shownPath, watchPage } from "./page.js";
import { openPopup } from "./popup.js";
import { createRenewal } from "./renewal.js";
import { isUsable, normalizeRequest, sessionAfter } from "./session.js";
import { settingsOf } from "./settings.js";
import { leaveToSignIn, type SignInResult, signInElsewhere } from "./sign-in.js";
import { type LogoutOptions, signOut } from "./sign-out.js";
import { type AuthSource, type AuthState, createStore, LOADING, stateOf } from "./state.js";
import { createTabs, type Tabs } from "./tabs.js";
import type { Turn } from "./turn.js";

/** What one sign-in may ask for. */
export interface LoginOptions extends AuthorizationOptions {
  /** In a window of its own, in the click that asks for it. @default false: this page goes to the provider and comes back */
  popup?: boolean;
  /** A path on this site, to be found again in {@link SignedIn}. @default the page that is shown */
  returnTo?: string;
  /** A JSON value to be found again in {@link SignedIn}. */
  appState?: unknown;
  /** The API that consent is asked for, where that is not the client's own. */
  audience?: string;
  /** Asked for beside the client's own scope. */
  scope?: string;
}

/** The browser as the client: it signs in by itself, and holds its tokens in memory alone. */
export interface Client extends AuthSource {
  /** Who is signed in: known from other tabs, or asked of the provider in a hidden frame, once. @throws ExchangeError */
  getUser(): Promise<User | null>;
  /** Leaves for the provider; with `popup` done when the window is. @throws ExchangeError, MisuseError */
  login(options?: LoginOptions): Promise<void>;
  /**
   * Ends a sign-in that came back to `url`; undefined when none did that this tab began with a client of the same options,
   * and then nothing changes. To be called on the page of `redirectUri`, in frames and windows of ours too. However often it
   * is called, a sign-in ends once.
   * @throws ExchangeError
   */
  handleCallback(url?: string): Promise<SignedIn | undefined>;
  /** Signs out in all tabs, and at the provider. */
  logout(options?: LogoutOptions): Promise<void>;
  /** A valid access token, renewed where it is due. @throws ExchangeError */
  getAccessToken(request?: TokenRequest): Promise<string>;
  /** The token at hand, with nothing asked of anybody; undefined when there is none that is still valid. */
  peekAccessToken(request?: TokenRequest): AccessToken | undefined;
}

/** What becomes of a page that was only there to come back to. */
const forever = /* @__PURE__ */ new Promise<never>(() => {});

/** As many requests one turn may take, at most: by the refresh token, and by a frame after that. */
const REQUESTS = 12;

const isServer = typeof document === "undefined";
const mustBeShown = () => must(!isServer, "call it in an effect or an event handler");

/**
 * A client of an OpenID Provider in this page. Made on a server as well, where it knows nobody and asks nobody.
 * @throws MisuseError (`invalid_config`) when the options are wrong
 */
export function createClient(options: ClientOptions): Client {
  const settings = settingsOf(options);
  const { ports } = settings;
  const store = createStore<AuthState>(LOADING);
  const emit = emitter(options.onEvent, ports.now);
  const context = { settings, emit };
  let made: Tabs | undefined;
  let isWatching = false;
  let started: Promise<void> | undefined;
  /** Why it could not be told last time. */
  let unknown: unknown;
  let delivered: Promise<boolean> | undefined;
  let finishing: Promise<SignedIn | undefined> | undefined;

  /** Made at the first use: a page that asks nothing opens no channel. */
  const tabs = (): Tabs => {
    mustBeShown();
    const { clientId, issuer, scope, audiences, httpTimeout } = settings;
    const purpose = JSON.stringify([scope, audiences]);
    const limit = REQUESTS * httpTimeout * 1000;
    made ??= createTabs({ name: `latchkey ${clientId} ${issuer}`, purpose, limit, onSession: show });
    return made;
  };
  const session = (): ClientSession | null => made?.session() ?? null;
  const renewal = createRenewal(context, tabs);

  /** The same object for as long as it is the same user. */
  function show(to: ClientSession | null, isSignedOut?: boolean): void {
    const { user, isLoading, error } = store.getState();
    if (isLoading || error || JSON.stringify(user) !== JSON.stringify(to?.user ?? null)) {
      store.setState(stateOf(to?.user ?? null, undefined, isSignedOut));
    }
  }
  function fail(error: unknown): void {
    if (error instanceof ExchangeError) emit(failure(error));
    store.setState(stateOf(session()?.user ?? null, error as Error));
  }
  /** Whether this page is a frame or a popup that only hands on where it came back to. */
  const isCourier = async () => {
    if (!isPage(location.href, settings.redirectUri, settings.silentRedirectUri)) return false;
    delivered ??= relayCallback(location.href);
    return delivered;
  };

  /** A page that was put away, or had no network, hears of nothing. */
  function watch(): void {
    if (isWatching) return;
    isWatching = true;
    const look = () =>
      void ready()
        .then(() => tabs().takeTurn(async () => {}))
        .catch(() => {});
    watchPage({ onReturn: look, onRestore: look });
  }

  async function start(): Promise<void> {
    if (isServer) return;
    if (await isCourier()) await forever;
    watch();
    // Ended here where the app asks for the user first: it is told when it asks for the callback.
    if (callbackTransaction(settings, location.href)) finishing ??= finish(location.href);
    await finishing?.catch(() => {});
    try {
      await renewal.restore();
      const { isLoading, error } = store.getState();
      if (isLoading || (error && error === unknown)) store.setState(stateOf(session()?.user ?? null));
    } catch (error) {
      started = undefined;
      unknown = error;
      fail(error);
      throw error;
    }
  }
  const ready = () => {
    started ??= start();
    return started;
  };

  /** Who signed out in another tab, or is somebody else there by now, does not come back without being asked. */
  const settle = (outcome: SignInResult, isSilent: boolean): Promise<void> =>
    tabs().takeTurn(async (turn) => {
      const held = session();
      const isOther = held && held.user.sub !== outcome.claims.sub;
      const isUnwanted = isSilent && (isOther || turn.wasSignedIn === false);
      if (!isUnwanted && (await turn.replaceSession(sessionAfter(settings, outcome, held))))
        emit({ type: "signed_in" });
      else renewal.discard(outcome.tokens.refreshToken);
    });

  async function finish(url: string): Promise<SignedIn | undefined> {
    try {
      return await completeCallback(context, url, {
        succeed: settle,
        findNobody: ({ subject }) =>
          tabs().takeTurn(async (turn) => {
            const held = session();
            if (!held) await turn.recordNoSession();
            // Another tab may have signed in since.
            else if (held.user.sub === subject && !isUsable(held.tokens, ports.now())) await turn.replaceSession(null);
          }),
      });
    } catch (error) {
      fail(error);
      throw error;
    }
  }

  const client: Client = {
    getState: store.getState,
    onChange: store.onChange,

    async getUser() {
      await ready();
      return session()?.user ?? null;
    },

    async login({ popup = false, returnTo, audience, scope, ...asking } = {}) {
      mustBeShown();
      // Opened before anything is waited for: later the click is forgotten.
      const opened = popup ? openPopup() : undefined;
      const tokenRequest = normalizeRequest(settings, undefined, { audience });
      // Nobody began on the page that sign-ins come back to.
      const here = isPage(location.href, settings.redirectUri) ? "/" : shownPath();
      const request = { ...asking, tokenRequest, scope, returnTo: safeReturnTo(returnTo, location.origin, here) };
      try {
        if (!opened) return await leaveToSignIn(context, { ...request, mode: "page" });
        const done = signInElsewhere(context, { ...request, mode: "popup" }, opened.authorize);
        // Who comes back from a window that seemed to be closed is signed in all the same.
        await Promise.race([done.then((result) => settle(result, false)), opened.closed]);
      } catch (error) {
        opened?.close();
        fail(error);
        throw error;
      }
    },

    async handleCallback(url) {
      if (isServer) return undefined;
      if (await isCourier()) return forever;
      // The page's own: asked twice, as React does, it is one.
      const ending = url === undefined && finishing ? finishing : finish(url ?? location.href);
      finishing = ending;
      try {
        return await ending;
      } catch (error) {
        // Who is signed in all the same is known from here on, as on any page.
        ready().catch(() => {});
        throw error;
      } finally {
        if (finishing === ending) finishing = undefined;
      }
    },

    async logout(options = {}) {
      let ended = session();
      const end = (turn: Turn) => {
        const heard = session();
        // A guess knows of no refresh token, which may live all the same.
        if (heard?.tokens.refreshToken || !ended) ended = heard;
        return turn.replaceSession(null, true);
      };
      while (!(await tabs().takeTurn(end, true)));
      emit({ type: "signed_out" });
      await signOut(context, ended, options);
    },

    async getAccessToken(request = {}) {
      await ready();
      return renewal.getAccessToken(request);
    },

    peekAccessToken(request = {}) {
      const tokens = session()?.tokens;
      const state = assess(tokens, normalizeRequest(settings, tokens, request), ports.now(), false);
      if (state.name !== "fresh") return undefined;
      const { idToken: _idToken, refreshToken: _refreshToken, otherTokens: _more, ...token }: TokenSet = state.token;
      return token;
    },
  };
  return client;
}
