import { isObject } from "../../core/is-object.js";
import { openChannel } from "./channel.js";

/**
 * How a sign-in is on its way, as the first letter of its state: the page that it comes back to must know before anything
 * else runs there. `page`: this page leaves and comes back. `silent`: the same, with nobody asked anything.
 */
export const modePrefixes = { page: "g", silent: "s", frame: "f", popup: "p" } as const;
export type SignInMode = keyof typeof modePrefixes;

export const hasMode = (state: string | null, way: SignInMode) => state?.startsWith(`${modePrefixes[way]}.`) === true;

/** What the page of a frame or a popup hands to who opened it. */
export interface CallbackMessage {
  readonly latchkey: "callback";
  readonly url: string;
}

export const isCallbackMessage = (data: unknown): data is CallbackMessage & Record<string, unknown> =>
  isObject(data) && data["latchkey"] === "callback" && typeof data["url"] === "string";

export const stateIn = (url: string): string | null =>
  URL.canParse(url) ? new URL(url).searchParams.get("state") : null;

/** Through which a popup reaches the tab that opened it, also where the provider has cut the two apart (COOP). */
export const popupChannel = (): BroadcastChannel | undefined => openChannel("latchkey.popup");

/** Milliseconds after which a window that does not close is a page like any other. */
const PATIENCE = 1_000;

/**
 * In a frame or a popup that came back from the provider: hands its URL to who opened it, on this origin alone. True when
 * that was all this page is for.
 */
export async function relayCallback(url: string): Promise<boolean> {
  const state = stateIn(url);
  const delivery: CallbackMessage = { latchkey: "callback", url };
  if (hasMode(state, "frame") && window.parent !== window) {
    window.parent.postMessage(delivery, location.origin);
    return true;
  }
  if (!hasMode(state, "popup")) return false;
  // Where the provider's page has cut it off, the channel is left.
  (window.opener as Window | null)?.postMessage(delivery, location.origin);
  const channel = popupChannel();
  channel?.postMessage(delivery);
  window.close();
  await new Promise((done) => setTimeout(done, PATIENCE));
  channel?.close();
  return window.closed;
}
