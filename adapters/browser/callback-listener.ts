import { isCallbackMessage, popupChannel, stateIn } from "./callback-relay.js";

/**
 * Calls `accept` with the URL of each callback with this `state` that the page in `frame` relays; without `frame`, a popup.
 * @returns a function that stops listening
 */
export function onRelayedCallback(state: string, accept: (url: string) => void, frame?: HTMLIFrameElement): () => void {
  const listener = ({ source, origin, data }: MessageEvent) => {
    const isFrom = origin === location.origin && (!frame || source === frame.contentWindow);
    if (isFrom && isCallbackMessage(data) && stateIn(data.url) === state) accept(data.url);
  };
  const listening = new AbortController();
  const channel = frame ? undefined : popupChannel();
  channel?.addEventListener("message", listener);
  addEventListener("message", listener, { signal: listening.signal });
  return () => {
    listening.abort();
    channel?.close();
  };
}
