import { ExchangeError } from "../../core/errors.js";
import { onRelayedCallback } from "./callback-listener.js";
import { stateIn } from "./callback-relay.js";

/** Milliseconds that the frame may stay on a page of another origin: it may still redirect to the callback. */
const REDIRECT_TIMEOUT = 500;

/**
 * Sends a hidden frame to the provider. @returns the URL of the callback with this `state`, to which the frame comes back
 * @throws ExchangeError `provider_unreachable` when the frame does not come back within `seconds`
 */
export function authorizeInFrame(url: string, state: string, seconds: number): Promise<string> {
  const frame = document.createElement("iframe");
  frame.hidden = true;
  let stopListening: (() => void) | undefined;
  return new Promise<string>((resolve, reject) => {
    const fail = (cause: string) => reject(new ExchangeError("provider_unreachable", { cause }));
    setTimeout(fail, seconds * 1000, "the hidden frame did not come back");
    stopListening = onRelayedCallback(state, resolve, frame);
    frame.onload = () => {
      try {
        // This throws unless the frame is back on this origin. So the callback page needs no script.
        const { href } = (frame.contentWindow as Window).location;
        if (stateIn(href) === state) resolve(href);
      } catch {
        setTimeout(fail, REDIRECT_TIMEOUT, "the hidden frame stays with the provider");
      }
    };
    frame.src = url;
    // A script in the head may run before the document has a body.
    (document.body ?? document.documentElement).append(frame);
  }).finally(() => {
    stopListening?.();
    frame.remove();
  });
}
