import type { SignedIn } from "../browser/callback.js";
import type { Client } from "../browser/client.js";
import { watchPage } from "../browser/page.js";
import { LOADING, tell } from "../browser/state.js";
import { type AppState, toLogin, toLogout } from "./login-options.js";
import { type AuthHandlers, type AuthModel, errorOf } from "./model.js";
import { replacePath } from "./page.js";
import { placeAt } from "./return-to.js";

/** What `login` was given; where no app called it, the page that was left, for the client may leave by itself. */
const appStateOf = ({ appState, returnTo }: SignedIn): AppState | undefined =>
  appState === undefined ? { returnTo: placeAt(returnTo) } : ((appState as AppState | null) ?? undefined);

/** The page as the client. `makeClient` is called in a page only. */
export function createClientModel(makeClient: () => Client, now: () => number, handlers: AuthHandlers): AuthModel {
  let made: Client | undefined;
  const client = (): Client => {
    made ??= makeClient();
    return made;
  };
  let isBegun = false;
  let isMounted = false;
  let isEnding = false;

  /** To whom it may concern: a page that needs somebody would stay empty without a word. */
  const failed = (thrown: unknown): void => tell(() => (model.handlers.onLoginError ?? console.error)(errorOf(thrown)));

  /** Ends the sign-in that this page is the callback of, if it is: whether it is, the client knows. */
  async function finish(): Promise<void> {
    let signedIn: SignedIn | undefined;
    try {
      signedIn = await client().handleCallback();
    } catch (thrown) {
      failed(thrown);
    }
    await client().getUser().catch(failed);
    const ended = signedIn;
    if (!ended || !isMounted) return;
    const { onRedirectCallback } = model.handlers;
    if (onRedirectCallback) tell(() => onRedirectCallback(appStateOf(ended), ended.returnTo));
    else replacePath(ended.returnTo);
  }

  const model: AuthModel = {
    getState: () => (typeof document === "undefined" ? LOADING : client().getState()),
    onChange: (listener) => client().onChange(listener),
    serverState: LOADING,
    now,
    handlers,
    tokens: {
      getAccessToken: (request) => client().getAccessToken(request),
      peekAccessToken: (request) => client().peekAccessToken(request),
    },
    async login(options) {
      isEnding = false;
      try {
        await client().login(toLogin(options));
      } catch (thrown) {
        failed(thrown);
        throw thrown;
      }
    },
    async logout(options) {
      const asked = toLogout(options);
      isEnding = !asked.local;
      await client()
        .logout(asked)
        .catch((thrown) => {
          isEnding = false;
          throw thrown;
        });
    },
    isEnding: () => isEnding,
    async refresh() {
      await client().getUser().catch(failed);
    },
    start() {
      isMounted = true;
      // Once, however often effects run: a second answer would be nobody's.
      if (!isBegun) void finish();
      isBegun = true;
      const stopWatching = watchPage({
        restored() {
          isEnding = false;
        },
      });
      return () => {
        isMounted = false;
        stopWatching();
      };
    },
  };
  return model;
}
