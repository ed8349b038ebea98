import type { SignedIn } from "../browser/callback.js";
import type { LoginOptions } from "../browser/client-types.js";
import { callApp } from "../browser/observable-state.js";
import { watchPage } from "../browser/page.js";
import type { LogoutOptions } from "../browser/sign-out.js";
import { LOADING } from "../browser/state.js";
import type { Auth0LogoutOptions } from "./auth0-options.js";
import { type AppState, type HandledEvent, toLogoutOptions } from "./login-options.js";
import { type AuthHandlers, type AuthModel, errorOf, type ModelState, type PageClient } from "./model.js";
import { replacePath } from "./page.js";
import { placeAt } from "./return-to.js";

/** The `appState` of `login`. If the client went to the provider without `login`, an `appState` with the page that it left. */
const appStateOf = ({ appState, returnTo }: SignedIn): AppState | undefined =>
  appState === undefined ? { returnTo: placeAt(returnTo) } : ((appState as AppState | null) ?? undefined);

/** The started models of this page. */
const started = new Set<ClientModel>();
/** The sign-ins that have returned to this page, and that no started model has shown yet, by the `key` of their client. */
const returned = new Map<unknown, { readonly signIn: SignedIn; readonly page: string }>();

/** Translates the options of an app's `logout` for the client. */
export type ToLogoutOptions = (options?: LogoutOptions | Auth0LogoutOptions | HandledEvent) => LogoutOptions;

/** The model of a page that is the client of the provider. */
export class ClientModel implements AuthModel {
  readonly serverState = LOADING;
  readonly #toLogoutOptions: ToLogoutOptions;
  /** Whether the callback was handled: only the first `start` does so, and React may run effects several times. */
  #isStarted = false;
  isLeaving = false;

  /** @param client `get` creates it at the first call */
  constructor(
    readonly client: PageClient,
    public handlers: AuthHandlers,
    toLogout: ToLogoutOptions = toLogoutOptions,
  ) {
    this.#toLogoutOptions = toLogout;
  }

  readonly getState = (): ModelState => (typeof document === "undefined" ? LOADING : this.client.get().getState());
  readonly onChange = (listener: (state: ModelState) => void): (() => void) => this.client.get().onChange(listener);

  async login(options: LoginOptions): Promise<void> {
    this.isLeaving = false;
    try {
      await this.client.get().login(options);
    } catch (error) {
      this.#report(error);
      throw error;
    }
  }

  readonly logout = async (options?: LogoutOptions | Auth0LogoutOptions | HandledEvent): Promise<void> => {
    const logoutOptions = this.#toLogoutOptions(options);
    this.isLeaving = !logoutOptions.local;
    try {
      await this.client.get().logout(logoutOptions);
    } catch (error) {
      this.isLeaving = false;
      throw error;
    }
  };

  readonly refresh = async (): Promise<void> => {
    await this.client
      .get()
      .getUser()
      .catch((error) => this.#report(error));
  };

  start(): () => void {
    started.add(this);
    if (!this.#isStarted) void this.#handleCallback();
    this.#isStarted = true;
    // The provider that handled the callback may have been unmounted before it was done.
    this.#showReturn();
    const stopWatching = watchPage({
      onRestore: () => {
        this.isLeaving = false;
      },
    });
    return () => {
      started.delete(this);
      stopWatching();
    };
  }

  /** Reports an error to the app, or on the console: else a page under `withLoginRequired` would stay empty without a reason. */
  #report(thrown: unknown): void {
    callApp(() => (this.handlers.onLoginError ?? console.error)(errorOf(thrown)));
  }

  /** Completes the sign-in whose callback this page is; the client knows whether it is one. */
  async #handleCallback(): Promise<void> {
    const signIn = await this.client
      .get()
      .handleCallback()
      .catch((error) => this.#report(error));
    await this.refresh();
    if (!signIn) return;
    returned.set(this.client.key, { signIn, page: location.href });
    for (const model of started) model.#showReturn();
  }

  /** Tells the app of a sign-in that has returned to this page, once, or shows the page where the sign-in began. */
  #showReturn(): void {
    const { signIn, page } = returned.get(this.client.key) ?? {};
    returned.delete(this.client.key);
    // If no provider was mounted for a while, the app may have gone on to another page.
    if (!signIn || page !== location.href) return;
    const { onRedirectCallback } = this.handlers;
    if (onRedirectCallback) callApp(() => onRedirectCallback(appStateOf(signIn), signIn.returnTo));
    else replacePath(signIn.returnTo);
  }
}
