import { acceptNoSession, acceptSignIn } from "./accept-sign-in.js";
import { callbackTransaction, completeCallback, isPage, type SignedIn } from "./callback.js";
import { relayCallback } from "./callback-relay.js";
import type { ClientContext } from "./sign-in.js";
import type { Tabs } from "./tabs.js";

/** The callback of a client in this page. A sign-in is completed once, whoever asks for it first: the app or the client's start. */
export class ClientCallback {
  readonly #context: ClientContext;
  readonly #tabs: () => Tabs;
  readonly #onError: (error: unknown) => void;
  #relayed: Promise<boolean> | undefined;
  /** The sign-in that is being completed, or that the start has completed and the app did not ask for yet. */
  #pending: Promise<SignedIn | undefined> | undefined;

  constructor(context: ClientContext, tabs: () => Tabs, onError: (error: unknown) => void) {
    this.#context = context;
    this.#tabs = tabs;
    this.#onError = onError;
  }

  /** Relays the callback if this page is a frame or popup of a sign-in: then true, and the page has nothing else to do. */
  async isRelay(): Promise<boolean> {
    const { redirectUri, silentRedirectUri } = this.#context.settings;
    if (!isPage(location.href, redirectUri, silentRedirectUri)) return false;
    this.#relayed ??= relayCallback(location.href);
    return this.#relayed;
  }

  /** Completes the sign-in that came back to `url`. @param url default: the URL of this page @throws ExchangeError */
  async complete(url?: string): Promise<SignedIn | undefined> {
    const completion = url === undefined && this.#pending ? this.#pending : this.#run(url ?? location.href);
    this.#pending = completion;
    try {
      return await completion;
    } finally {
      if (this.#pending === completion) this.#pending = undefined;
    }
  }

  /** Completes the sign-in of this page before the session is restored. Its result or error is kept for `complete`. */
  async completeForStart(): Promise<void> {
    if (callbackTransaction(this.#context.settings, location.href)) this.#pending ??= this.#run(location.href);
    await this.#pending?.catch(() => {});
  }

  async #run(url: string): Promise<SignedIn | undefined> {
    const context = this.#context;
    try {
      return await completeCallback(context, url, {
        onSignIn: (result, isSilent) => acceptSignIn(context, this.#tabs(), result, isSilent),
        onNoSession: ({ subject }) => acceptNoSession(context, this.#tabs(), subject),
      });
    } catch (error) {
      this.#onError(error);
      throw error;
    }
  }
}
