import { ExchangeError, must } from "../../core/errors.js";
import { emitter, failure } from "../../core/events.js";
import { safeReturnTo } from "../../core/exchange/return-to.js";
import type { User } from "../../core/exchange/user.js";
import { acceptSignIn } from "./accept-sign-in.js";
import { isPage } from "./callback.js";
import { type ClientCallback, createClientCallback } from "./client-callback.js";
import type { ClientSession } from "./client-session.js";
import type { Client, LoginOptions } from "./client-types.js";
import type { ClientOptions } from "./options.js";
import { shownPath, watchPage } from "./page.js";
import { openPopup } from "./popup.js";
import { getAccessToken, type Renewals, restoreSession } from "./renewal.js";
import { tokenStatus } from "./renewal-rules.js";
import { normalizeRequest } from "./session.js";
import { settingsOf } from "./settings.js";
import { leaveToSignIn, signInElsewhere } from "./sign-in.js";
import { type LogoutOptions, signOut } from "./sign-out.js";
import { type AuthState, createStore, LOADING, type Store, stateOf } from "./state.js";
import { createTabs, type Tabs } from "./tabs.js";
import type { Turn } from "./turn.js";

/** A turn may take this many times `httpTimeout`: requests with the refresh token, and a hidden frame after them. */
const TIMEOUTS_PER_TURN = 12;

const isServer = typeof document === "undefined";
const mustBeInPage = () =>
  must(!isServer, "the client works in a page only: call its methods in an effect or an event handler");

/** A promise that never resolves: a frame or popup that has relayed its callback must do nothing more. */
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
export function createClient(options: ClientOptions): Client {
  const context = createPageContext(options);
  const { store } = context;
  const callback = createClientCallback(context, (error) => fail(context, error));
  const start = createStart(context, callback);
  return {
    getState: store.getState,
    onChange: store.onChange,
    async getUser() {
      await start();
      return userOf(context);
    },
    login: (loginOptions = {}) => login(context, loginOptions),
    async handleCallback(url) {
      if (isServer) return undefined;
      if (await callback.relay()) return never;
      try {
        return await callback.complete(url);
      } catch (error) {
        // The callback failed, but the user may have a session: restore it, as on any page.
        start().catch(() => {});
        throw error;
      }
    },
    logout: (logoutOptions = {}) => logout(context, logoutOptions),
    async getAccessToken(request = {}) {
      mustBeInPage();
      await start();
      return getAccessToken(context, request);
    },
    peekAccessToken(request = {}) {
      const tokens = context.session()?.tokens;
      if (!tokens || request.refresh) return undefined;
      const { token } = tokenStatus(tokens, normalizeRequest(context, tokens, request), context.ports.now());
      if (!token) return undefined;
      const { accessToken, expiresAt, dueAt, scope, audience } = token;
      return { accessToken, expiresAt, dueAt, scope, audience };
    },
  };
}

/** A client of this page, and the state that it shows to the app. */
interface PageContext extends Renewals {
  readonly store: Store<AuthState>;
}

function createPageContext(options: ClientOptions): PageContext {
  const settings = settingsOf(options);
  const { clientId, issuer, scope, audiences, httpTimeout, ports } = settings;
  const store: Store<AuthState> = createStore(LOADING);
  let tabs: Tabs | undefined;
  /** Shows the state after the session changed. The state object stays the same for the same user. */
  const onSession = (session: ClientSession | null, isSignOut: boolean | undefined) => {
    const { user, isLoading, error } = store.getState();
    const next = session?.user ?? null;
    if (isLoading || error || JSON.stringify(user) !== JSON.stringify(next)) {
      store.setState(stateOf(next, undefined, isSignOut));
    }
  };
  return {
    ...settings,
    store,
    emit: emitter(options.onEvent, ports.now),
    inProgress: new Map(),
    backOffUntil: 0,
    session: () => tabs?.session() ?? null,
    takeTurn(task, isUrgent) {
      mustBeInPage();
      tabs ??= createTabs({
        name: `latchkey ${clientId} ${issuer}`,
        tokenKey: JSON.stringify([scope, audiences]),
        limit: TIMEOUTS_PER_TURN * httpTimeout * 1000,
        onSession,
      });
      return tabs.takeTurn(task, isUrgent);
    },
  };
}

const userOf = (context: PageContext): User | null => context.session()?.user ?? null;

/** Shows an error, and reports it as an event. */
function fail(context: PageContext, error: unknown): void {
  if (error instanceof ExchangeError) context.emit(failure(error));
  context.store.setState(stateOf(userOf(context), error as Error));
}

async function login(
  context: PageContext,
  { popup: isPopup = false, returnTo, audience, ...options }: LoginOptions,
): Promise<void> {
  mustBeInPage();
  // Before the first `await`: browsers open a window only during the click.
  const popup = isPopup ? openPopup() : undefined;
  // A sign-in that begins on the callback page does not return to that page.
  const here = isPage(location.href, context.redirectUri) ? "/" : shownPath();
  const request = {
    ...options,
    tokenRequest: normalizeRequest(context, undefined, { audience }),
    returnTo: safeReturnTo(returnTo, location.origin, here),
  };
  try {
    if (!popup) return await leaveToSignIn(context, { ...request, mode: "page" });
    const result = signInElsewhere(context, { ...request, mode: "popup" }, popup.authorize);
    const completion = result.then((signedIn) => acceptSignIn(context, signedIn, false));
    // A callback from a window that seemed closed still signs the user in, after this race.
    await Promise.race([completion, popup.untilClosed]);
  } catch (error) {
    popup?.close();
    fail(context, error);
    throw error;
  }
}

async function logout(context: PageContext, options: LogoutOptions): Promise<void> {
  const { session, emit } = context;
  let last = session();
  const endSession = (turn: Turn) => {
    const current = session();
    // A guess lacks the refresh token: then keep the session from before the turn, so that its token can be revoked.
    if (current?.tokens.refreshToken || !last) last = current;
    return turn.replaceSession(null, true);
  };
  // Again if the turn of another tab passed this one.
  while (!(await context.takeTurn(endSession, true)));
  emit({ type: "signed_out" });
  await signOut(context, last, options);
}

/**
 * Returns a function that starts the client once, or again after a start that failed:
 * 1. If this page is the callback in a frame or popup, it relays its URL and does nothing more.
 * 2. If this page is the callback of a sign-in of this client, that sign-in is completed.
 * 3. The session is restored from other tabs or from the provider.
 */
function createStart(context: PageContext, callback: ClientCallback): () => Promise<void> {
  const { store } = context;
  let isWatching = false;
  /** The start; undefined before the first start, and after a start that failed. */
  let starting: Promise<void> | undefined;
  let startError: unknown;

  const start = () => {
    starting ??= isServer ? Promise.resolve() : run();
    return starting;
  };
  /** Starts the client if its start failed, and gets the latest version: a page in the back-forward cache gets no messages. */
  const catchUp = () =>
    void start()
      .then(() => context.takeTurn(async () => {}))
      .catch(() => {});
  async function run() {
    if (await callback.relay()) await never;
    if (!isWatching) watchPage({ onReturn: catchUp, onRestore: catchUp });
    isWatching = true;
    await callback.completeForStart();
    try {
      await restoreSession(context);
      const { isLoading, error } = store.getState();
      if (isLoading || (error && error === startError)) store.setState(stateOf(userOf(context)));
    } catch (error) {
      starting = undefined;
      startError = error;
      fail(context, error);
      throw error;
    }
  }
  return start;
}
