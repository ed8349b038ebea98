import { ExchangeError } from "../../core/errors.js";
import { isCallbackMessage, stateIn } from "./callback-relay.js";

/** Milliseconds after a page was shown that is not ours, in which ours may still come. */
const GRACE = 500;

/**
 * Sends a hidden frame to the provider. @returns the URL on this origin that it came back to, with this state
 * @throws ExchangeError `provider_unreachable` when it does not come back in `seconds`
 */
export function askInFrame(url: string, state: string, seconds: number): Promise<string> {
  const frame = document.createElement("iframe");
  frame.hidden = true;
  const waiting = new AbortController();
  return new Promise<string>((resolve, reject) => {
    const fail = (cause: string) => reject(new ExchangeError("provider_unreachable", { cause }));
    setTimeout(fail, seconds * 1000, "the hidden frame did not come back");
    const arrive = (at: string) => {
      if (stateIn(at) === state) resolve(at);
    };
    const listen = ({ source, origin, data }: MessageEvent) => {
      if (source === frame.contentWindow && origin === location.origin && isCallbackMessage(data)) arrive(data.url);
    };
    addEventListener("message", listen, { signal: waiting.signal });
    frame.onload = () => {
      try {
        // Readable on our own origin alone: any page there will do, without a script in it.
        arrive((frame.contentWindow as Window).location.href);
      } catch {
        setTimeout(fail, GRACE, "the hidden frame stays with the provider");
      }
    };
    frame.src = url;
    document.body.append(frame);
  }).finally(() => {
    waiting.abort();
    frame.remove();
  });
}
