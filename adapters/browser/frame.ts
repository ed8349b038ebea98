import { ExchangeError } from "../../core/errors.js";
import { isDelivery, stateIn } from "./courier.js";

/** Milliseconds after a page was shown that is not ours, in which ours may still come. */
const GRACE = 500;

/**
 * Sends a hidden frame to the provider. @returns the URL on this origin that it came back to, with this state
 * @throws ExchangeError `provider_unreachable` when it does not come back in `seconds`
 */
export function askInFrame(url: string, state: string, seconds: number): Promise<string> {
  const frame = document.createElement("iframe");
  frame.hidden = true;
  frame.title = "sign-in";
  frame.setAttribute("aria-hidden", "true");
  return new Promise<string>((resolve, reject) => {
    const fail = (cause: string) => reject(new ExchangeError("provider_unreachable", { cause }));
    const late = setTimeout(fail, seconds * 1000, "the hidden frame did not come back in time");
    const arrive = (at: string) => {
      if (stateIn(at) === state) finish(() => resolve(at));
    };
    const listen = ({ source, origin, data }: MessageEvent) => {
      if (source === frame.contentWindow && origin === location.origin && isDelivery(data)) arrive(data.url);
    };
    const finish = (settle: () => void) => {
      clearTimeout(late);
      removeEventListener("message", listen);
      settle();
    };
    addEventListener("message", listen);
    frame.onload = () => {
      try {
        // Readable on our own origin alone: any page there will do, without a script in it.
        arrive((frame.contentWindow as Window).location.href);
      } catch {
        setTimeout(fail, GRACE, "the hidden frame was shown a page of the provider");
      }
    };
    frame.src = url;
    document.body.append(frame);
  }).finally(() => frame.remove());
}
