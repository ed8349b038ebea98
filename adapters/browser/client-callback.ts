import { callbackTransaction, completeCallback, isPage, type SignedIn } from "./callback.js";
import { relayCallback } from "./callback-relay.js";
import type { ClientContext } from "./sign-in.js";

/** The callback of a client in this page. A sign-in is completed once, whoever asks for it first: the app or the client's start. */
export interface ClientCallback {
  /** Relays the callback if this page is a frame or popup of a sign-in: then true, and the page has nothing else to do. */
  isRelay(): Promise<boolean>;
  /** Completes the sign-in that came back to `url`. @param url default: the URL of this page @throws ExchangeError */
  complete(url?: string): Promise<SignedIn | undefined>;
  /** Completes the sign-in of this page before the session is restored. Its result or error is kept for `complete`. */
  completeForStart(): Promise<unknown>;
}

export function createClientCallback(context: ClientContext, onError: (error: unknown) => void): ClientCallback {
  let relayed: Promise<boolean> | undefined;
  /** The sign-in that is being completed, or that the start has completed and the app did not ask for yet. */
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
    async isRelay() {
      if (!isPage(location.href, context.redirectUri, context.silentRedirectUri)) return false;
      relayed ??= relayCallback(location.href);
      return relayed;
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
