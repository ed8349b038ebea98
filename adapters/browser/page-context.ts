import { ExchangeError, must } from "../../core/errors.js";
import { emitter, failure } from "../../core/events.js";
import type { User } from "../../core/exchange/user.js";
import { revokeUnused } from "./accept-sign-in.js";
import type { ClientSession } from "./client-session.js";
import { createObservableState, type ObservableState } from "./observable-state.js";
import type { ClientOptions } from "./options.js";
import type { Renewals } from "./renewal.js";
import { settingsOf } from "./settings.js";
import { type AuthState, LOADING, stateOf } from "./state.js";
import { createTabs, type Tabs } from "./tabs.js";

/** A turn may take this many times `httpTimeout`: requests with the refresh token, and a hidden frame after them. */
const TIMEOUTS_PER_TURN = 12;

export const isServer = typeof document === "undefined";
/** @throws MisuseError on a server */
export const mustBeInPage = () =>
  must(!isServer, "the client works in a page only: call its methods in an effect or an event handler");

/** A client of this page, and the state that it shows to the app. */
export interface PageContext extends Renewals {
  readonly authState: ObservableState<AuthState>;
}

/** @param onSignInElsewhere called when a user signed in with a client of this page or another tab that has another scope or audience */
export function createPageContext(options: ClientOptions, onSignInElsewhere: () => void): PageContext {
  const settings = settingsOf(options);
  const { clientId, issuer, scope, audiences, httpTimeout, ports } = settings;
  const authState: ObservableState<AuthState> = createObservableState(LOADING);
  let tabs: Tabs | undefined;
  /** Shows the state after the session changed. The state object stays the same for the same user. */
  const onSession = (session: ClientSession | null, isSignOut: boolean | undefined) => {
    const { user, isLoading, error } = authState.getState();
    const next = session?.user ?? null;
    if (isLoading || error || JSON.stringify(user) !== JSON.stringify(next)) {
      authState.setState(stateOf(next, undefined, isSignOut));
    }
  };
  const context: PageContext = {
    ...settings,
    authState,
    emit: emitter(options.onEvent, ports.now),
    inProgress: new Map(),
    restingUntil: 0,
    session: () => tabs?.session() ?? null,
    elsewhere: () => tabs?.elsewhere(),
    takeTurn(task, isUrgent) {
      mustBeInPage();
      tabs ??= createTabs({
        name: `latchkey ${clientId} ${issuer}`,
        tokenKey: JSON.stringify([scope, audiences]),
        limit: TIMEOUTS_PER_TURN * httpTimeout * 1000,
        listeners: {
          onSession,
          onSignInElsewhere,
          onSignOutElsewhere: ({ user, tokens }) => revokeUnused(context, user.sub, tokens.refreshToken),
        },
      });
      return tabs.takeTurn(task, isUrgent);
    },
  };
  return context;
}

export const userOf = (context: PageContext): User | null => context.session()?.user ?? null;

/** Shows an error, and reports it as an event. */
export function fail(context: PageContext, error: unknown): void {
  if (error instanceof ExchangeError) context.emit(failure(error));
  context.authState.setState(stateOf(userOf(context), error as Error));
}
