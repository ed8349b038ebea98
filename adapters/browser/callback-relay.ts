import { isObject } from "../../core/is-object.js";
import { openChannel } from "./channel.js";

/*
 * A sign-in in a hidden frame or a popup comes back to a page of the app in that frame or popup. That page only relays its URL,
 * with the authorization response, to the page that opened it.
 */

/**
 * The first letter of `state` says how the sign-in went to the provider; the callback page reads it first. `page`: the page went
 * to the provider and comes back. `silent`: likewise, with `prompt=none`, so that the provider does not interact with the user.
 */
export const modePrefixes = { page: "g", silent: "s", frame: "f", popup: "p" } as const;
export type SignInMode = keyof typeof modePrefixes;

export const hasMode = (state: string | null, mode: SignInMode): boolean =>
  state?.startsWith(`${modePrefixes[mode]}.`) === true;

/** The message from the page of a frame or popup to the page that opened it. */
export interface CallbackMessage {
  readonly latchkey: "callback";
  readonly url: string;
}

export const isCallbackMessage = (data: unknown): data is CallbackMessage & Record<string, unknown> =>
  isObject(data) && data["latchkey"] === "callback" && typeof data["url"] === "string";

/** The `state` parameter of a URL; null if there is none. */
export const stateIn = (url: string): string | null =>
  URL.canParse(url) ? new URL(url).searchParams.get("state") : null;

/** A channel from a popup to the tab that opened it: the provider may have removed `opener` (Cross-Origin-Opener-Policy). */
export const popupChannel = (): BroadcastChannel | undefined => openChannel("latchkey.popup");

/** Milliseconds after which a popup that does not close is treated as an ordinary page. */
const CLOSE_TIMEOUT = 1_000;

/**
 * Relays `url` if this page is a frame or popup of a sign-in, and only to pages of this origin. True if this page must do nothing
 * more.
 */
export async function relayCallback(url: string): Promise<boolean> {
  const state = stateIn(url);
  const message: CallbackMessage = { latchkey: "callback", url };
  if (hasMode(state, "frame") && window.parent !== window) {
    window.parent.postMessage(message, location.origin);
    return true;
  }
  if (!hasMode(state, "popup")) return false;
  (window.opener as Window | null)?.postMessage(message, location.origin);
  const channel = popupChannel();
  channel?.postMessage(message);
  window.close();
  await new Promise((done) => setTimeout(done, CLOSE_TIMEOUT));
  channel?.close();
  return window.closed;
}
