import type { SignedIn } from "../browser/callback.js";
import type { Client, LoginOptions } from "../browser/client-types.js";
import { watchPage } from "../browser/page.js";
import type { LogoutOptions } from "../browser/sign-out.js";
import { callApp, LOADING } from "../browser/state.js";
import type { Auth0LogoutOptions } from "./auth0-options.js";
import { type AppState, type HandledEvent, toLogoutOptions } from "./login-options.js";
import { type AuthHandlers, type AuthModel, errorOf, type ModelState, type ModelTokens } from "./model.js";
import { replacePath } from "./page.js";
import { placeAt } from "./return-to.js";

/** The `appState` of `login`. If the client left by itself, without `login`, it leads back to the page that it left. */
const appStateOf = ({ appState, returnTo }: SignedIn): AppState | undefined =>
  appState === undefined ? { returnTo: placeAt(returnTo) } : ((appState as AppState | null) ?? undefined);

/** What a {@link ClientModel} is made of. */
export interface ClientModelOptions {
  /** Called in a page only, and once. */
  createClient(): Client;
  readonly now: () => number;
  readonly handlers: AuthHandlers;
  /** @default takes latchkey's options */
  readonly toLogoutOptions?:
    | ((options?: LogoutOptions | Auth0LogoutOptions | HandledEvent) => LogoutOptions)
    | undefined;
}

/** The page is the client of the provider. */
export class ClientModel implements AuthModel {
  readonly serverState = LOADING;
  handlers: AuthHandlers;
  readonly #options: ClientModelOptions;
  #client: Client | undefined;
  /** Whether the callback was handled: once, however often React runs effects. */
  #isStarted = false;
  #isMounted = false;
  #isLeaving = false;

  constructor(options: ClientModelOptions) {
    this.#options = options;
    this.handlers = options.handlers;
  }

  readonly getState = (): ModelState => (typeof document === "undefined" ? LOADING : this.#getClient().getState());
  readonly onChange = (listener: (state: ModelState) => void): (() => void) => this.#getClient().onChange(listener);

  readonly tokens: ModelTokens = {
    now: () => this.#options.now(),
    getAccessToken: (request) => this.#getClient().getAccessToken(request),
    peekAccessToken: (request) => this.#getClient().peekAccessToken(request),
  };

  readonly login = async (options: LoginOptions): Promise<void> => {
    this.#isLeaving = false;
    try {
      await this.#getClient().login(options);
    } catch (error) {
      this.#report(error);
      throw error;
    }
  };

  readonly logout = async (options?: LogoutOptions | Auth0LogoutOptions | HandledEvent): Promise<void> => {
    const logoutOptions = (this.#options.toLogoutOptions ?? toLogoutOptions)(options);
    this.#isLeaving = !logoutOptions.local;
    try {
      await this.#getClient().logout(logoutOptions);
    } catch (error) {
      this.#isLeaving = false;
      throw error;
    }
  };

  isLeaving(): boolean {
    return this.#isLeaving;
  }

  readonly refresh = async (): Promise<void> => {
    await this.#getClient()
      .getUser()
      .catch((error) => this.#report(error));
  };

  start(): () => void {
    this.#isMounted = true;
    if (!this.#isStarted) void this.#handleCallback();
    this.#isStarted = true;
    const stopWatching = watchPage({
      onRestore: () => {
        this.#isLeaving = false;
      },
    });
    return () => {
      this.#isMounted = false;
      stopWatching();
    };
  }

  #getClient(): Client {
    this.#client ??= this.#options.createClient();
    return this.#client;
  }

  /** Always reports, at least on the console: a page under `withLoginRequired` would otherwise stay empty without a reason. */
  #report(thrown: unknown): void {
    callApp(() => (this.handlers.onLoginError ?? console.error)(errorOf(thrown)));
  }

  /** Completes the sign-in that this page is the callback of, if it is one: the client knows. */
  async #handleCallback(): Promise<void> {
    let signedIn: SignedIn | undefined;
    try {
      signedIn = await this.#getClient().handleCallback();
    } catch (error) {
      this.#report(error);
    }
    await this.refresh();
    const completed = signedIn;
    if (!completed || !this.#isMounted) return;
    const { onRedirectCallback } = this.handlers;
    if (onRedirectCallback) callApp(() => onRedirectCallback(appStateOf(completed), completed.returnTo));
    else replacePath(completed.returnTo);
  }
}
