import { isObject } from "../../core/is-object.js";
import { openChannel } from "./channel.js";

/**
 * A sign-in in a hidden frame or a popup comes back to a page of the app in that frame or popup. All that page does is relay
 * its URL, with the authorization response, to the page that opened it.
 */

/**
 * How a sign-in reaches the provider, as the first letter of its `state`: the page that it comes back to reads it before
 * anything else runs there. `page`: this page goes to the provider and comes back. `silent`: the same with `prompt=none`, so
 * that the provider does not interact with the user.
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

/** The way from a popup to the tab that opened it if the provider has cut the two apart (Cross-Origin-Opener-Policy). */
export const popupChannel = (): BroadcastChannel | undefined => openChannel("latchkey.popup");

/** Milliseconds after which a popup that does not close is treated as an ordinary page. */
const CLOSE_TIMEOUT = 1_000;

/**
 * Relays `url` if this page is a frame or popup of a sign-in, to pages of this origin alone. True if this page has nothing
 * else to do.
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
