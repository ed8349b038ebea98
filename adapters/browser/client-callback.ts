import { callbackTransaction, completeCallback, isPage, type SignedIn } from "./callback.js";
import { relayCallback } from "./callback-relay.js";
import type { ClientContext } from "./sign-in.js";

/** The callback of a client in this page. A sign-in is completed once, whether the app or the client's start calls first. */
export interface ClientCallback {
  /** Relays the callback if this page is a frame or popup of a sign-in. True if the page must do nothing more. */
  relay(): Promise<boolean>;
  /** Completes the sign-in whose callback is `url`. @param url default: the URL of this page @throws ExchangeError */
  complete(url?: string): Promise<SignedIn | undefined>;
  /** Completes the sign-in of this page before the session is restored. The next `complete` gets its result or error. */
  completeForStart(): Promise<unknown>;
}

export function createClientCallback(context: ClientContext, onError: (error: unknown) => void): ClientCallback {
  let relaying: Promise<boolean> | undefined;
  /** A sign-in that is being completed, or that the start has completed before the app called `complete`. */
  let pending: Promise<SignedIn | undefined> | undefined;

  const run = async (url: string) => {
    try {
      return await completeCallback(context, url);
    } catch (error) {
      onError(error);
      throw error;
    }
  };
  return {
    async relay() {
      if (!isPage(location.href, context.redirectUri, context.silentRedirectUri)) return false;
      relaying ??= relayCallback(location.href);
      return relaying;
    },
    async complete(url) {
      const completion = (url === undefined && pending) || run(url ?? location.href);
      pending = completion;
      try {
        return await completion;
      } finally {
        if (pending === completion) pending = undefined;
      }
    },
    async completeForStart() {
      if (callbackTransaction(context, location.href)) pending ??= run(location.href);
      await pending?.catch(() => {});
    },
  };
}
