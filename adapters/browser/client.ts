import { ExchangeError, must } from "../../core/errors.js";
import { emitter } from "../../core/events.js";
import type { AuthorizationOptions } from "../../core/exchange/authorization.js";
import { safeReturnTo } from "../../core/exchange/return-to.js";
import { type AccessToken, assess, type TokenRequest } from "../../core/exchange/token-life.js";
import type { User } from "../../core/exchange/user.js";
import { deliver, stateIn, wayOf } from "./courier.js";
import type { ClientOptions } from "./options.js";
import { openPopup } from "./popup.js";
import { createRenewal } from "./renewal.js";
import { plainly, sessionAfter } from "./session.js";
import { settingsOf } from "./settings.js";
import { beginSignIn, endSignIn, leaving, type Outcome, waitingIn } from "./sign-in.js";
import { type AuthSource, createStore, stateOf } from "./state.js";
import { createTabs, type Session, type Tabs } from "./tabs.js";
import { findTransaction } from "./transactions.js";

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

/** What one sign-out may ask for. */
export interface LogoutOptions {
  /** @default the client's `postLogoutRedirectUri` */
  returnTo?: string;
  /** Only here, not at the provider. @default false */
  local?: boolean;
  /** Further parameters for the provider, such as Auth0's `federated`. */
  params?: Readonly<Record<string, string>>;
}

/** What a finished sign-in leads back to. */
export interface SignedIn {
  /** A path on this site. */
  readonly returnTo: string;
  readonly appState?: unknown;
}

/** The browser as the client: it signs in by itself, and holds its tokens in memory alone. */
export interface Client extends AuthSource {
  /** Who is signed in: known from other tabs, or asked of the provider in a hidden frame, once. */
  getUser(): Promise<User | null>;
  /** Leaves for the provider; with `popup` done when the window is. @throws ExchangeError, MisuseError */
  login(options?: LoginOptions): Promise<void>;
  /**
   * Ends a sign-in that came back to `url`; undefined when none of this tab's did, and then nothing changes. To be called
   * on the page of `redirectUri`, in frames and windows of ours too. However often it is called, a sign-in ends once.
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

/** Parameters of an authorization response (RFC 6749 4.1.2, RFC 9207 2, Session Management 2). */
const RESPONSE_PARAMETERS = ["code", "state", "iss", "error", "error_description", "error_uri", "session_state"];

/** What becomes of a page that was only there to come back to. */
const forever = /* @__PURE__ */ new Promise<never>(() => {});

const isServer = typeof document === "undefined";

/** The page that a URL shows, whether its path ends in a slash or not. */
function pageOf(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname.replace(/\/$/, "");
}

/**
 * A client of an OpenID Provider in this page. Made on a server as well, where it knows nobody and asks nobody.
 * @throws MisuseError (`ERR_CONFIG`) when the options are wrong
 */
export function createClient(options: ClientOptions): Client {
  const settings = settingsOf(options);
  const { ports, provider } = settings;
  const store = createStore();
  const emit = emitter(options.onEvent, ports.now);
  const context = { settings, emit };
  let made: Tabs | undefined;
  let started: Promise<void> | undefined;
  let delivered: Promise<boolean> | undefined;
  let finishing: Promise<SignedIn | undefined> | undefined;

  /** Made at the first use: a page that asks nothing opens no channel. */
  const tabs = (): Tabs => {
    must(!isServer, "the client signs in where the page is shown: call it in an effect or an event handler");
    const { clientId, issuer, scope, audiences } = settings;
    made ??= createTabs(`latchkey ${clientId} ${issuer}`, JSON.stringify([scope, audiences]), show);
    return made;
  };
  const session = (): Session | null => made?.session() ?? null;
  const renewal = createRenewal(context, tabs);

  /** The same object for as long as it is the same user. */
  function show(to: Session | null): void {
    const { user, isLoading, error } = store.getState();
    if (isLoading || error || JSON.stringify(user) !== JSON.stringify(to?.user ?? null)) {
      store.setState(stateOf(to?.user ?? null));
    }
  }
  function fail(error: unknown): void {
    if (error instanceof ExchangeError) emit({ type: "failed", code: error.code });
    store.setState(stateOf(session()?.user ?? null, error as Error));
  }
  /** Whether this page is a frame or a popup that only hands on where it came back to. */
  const isCourier = () => {
    delivered ??= deliver(location.href);
    return delivered;
  };

  async function start(): Promise<void> {
    if (isServer) return;
    if (await isCourier()) await forever;
    await finishing?.catch(() => {});
    try {
      await renewal.restore();
      if (store.getState().isLoading) store.setState(stateOf(session()?.user ?? null));
      // A page that was put away hears nothing.
      const look = () => {
        if (document.visibilityState === "visible")
          tabs()
            .take(async () => {})
            .catch(() => {});
      };
      addEventListener("pageshow", look);
      document.addEventListener("visibilitychange", look);
    } catch (error) {
      started = undefined;
      fail(error);
      throw error;
    }
  }
  const ready = () => {
    started ??= start();
    return started;
  };

  async function settle(outcome: Outcome): Promise<void> {
    await tabs().take((turn) => turn.share(sessionAfter(settings, outcome, session())));
    emit({ type: "signed_in" });
  }

  async function finish(url: string): Promise<SignedIn | undefined> {
    const state = stateIn(url) ?? "";
    const transaction = pageOf(url) === pageOf(settings.redirectUri) ? findTransaction(state) : undefined;
    if (!transaction) return undefined;
    // Before the code is spent: a reload, or the way back, must not bring it again.
    if (url === location.href) {
      const clean = new URL(url);
      for (const name of RESPONSE_PARAMETERS) clean.searchParams.delete(name);
      history.replaceState(history.state, "", clean);
    }
    const { appState } = waitingIn(transaction);
    const done = { returnTo: safeReturnTo(transaction.returnTo, location.origin, "/"), appState };
    try {
      await settle(await endSignIn(context, transaction, url));
      return done;
    } catch (error) {
      // Nobody was asked anything, and nobody is signed in.
      if (wayOf(state) === "silent" && (error as Partial<ExchangeError>).code === "login_required") {
        await tabs().take((turn) => turn.share(null));
        return done;
      }
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
      must(!isServer, "login is called where the page is shown");
      // Opened before anything is waited for: later the click is forgotten.
      const opened = popup ? openPopup() : undefined;
      const asked = plainly(settings, undefined, { audience });
      const here = location.pathname + location.search + location.hash;
      const request = { ...asking, asked, scope, returnTo: safeReturnTo(returnTo, location.origin, here) };
      try {
        if (!opened) return void (await beginSignIn(context, { ...request, way: "page", ask: leaving(settings) }));
        const ask = (url: string, { state }: { state: string }) => opened.ask(url, state);
        const done = beginSignIn(context, { ...request, way: "popup", ask }).then((outcome) =>
          settle(outcome as Outcome),
        );
        // Who comes back from a window that seemed to be closed is signed in all the same.
        await Promise.race([done, opened.left]);
      } catch (error) {
        opened?.close();
        fail(error);
        throw error;
      }
    },

    async handleCallback(url) {
      if (isServer) return undefined;
      const at = url ?? location.href;
      if (await isCourier()) return forever;
      // The page's own: asked twice, as React does, it is one.
      if (url === undefined && finishing) return finishing;
      finishing = finish(at).finally(() => {
        finishing = undefined;
      });
      return finishing;
    },

    async logout({ returnTo, local = false, params } = {}) {
      const ended = await tabs().take(async (turn) => {
        const last = session();
        await turn.share(null);
        return last;
      });
      const { idToken, refreshToken } = ended?.tokens ?? {};
      emit({ type: "signed_out" });
      const attempt = async <T>(task: Promise<T> | undefined): Promise<T | undefined> => {
        try {
          return await task;
        } catch (error) {
          if (error instanceof ExchangeError) emit({ type: "failed", code: error.code });
          return undefined;
        }
      };
      const home = new URL(returnTo ?? settings.postLogoutRedirectUri ?? "/", location.origin).href;
      const asked = { idTokenHint: idToken, postLogoutRedirectUri: home, params };
      // One that was made for later use outlives the provider's session.
      const revoked = attempt(refreshToken === undefined ? undefined : provider.revoke(refreshToken));
      const url = await attempt(local ? undefined : provider.endSessionUrl(asked));
      await revoked;
      if (!local) settings.navigate(url ?? home);
    },

    async getAccessToken(request = {}) {
      await ready();
      return renewal.accessToken(request);
    },

    peekAccessToken(request = {}) {
      const tokens = session()?.tokens;
      const state = assess(tokens, plainly(settings, tokens, request), ports.now(), "");
      if (state.name !== "fresh") return undefined;
      const { accessToken, expiresAt, dueAt, scope, audience } = state.token;
      return { accessToken, expiresAt, dueAt, scope, audience };
    },
  };
  return client;
}
