import { ExchangeError } from "../../core/errors.js";
import { isCallbackMessage, popupChannel, stateIn } from "./callback-relay.js";

/** A window that somebody signs in in. */
export interface Popup {
  /** Sends it to the provider. @returns the URL that it came back to, with this state, however late */
  ask(url: string, state: string): Promise<string>;
  /**
   * Rejects with `access_denied` once it seems to have been closed. A provider's page may cut the two windows apart (COOP),
   * and then it seems so while somebody types in it: who looks at this page meanwhile may still come back.
   */
  readonly left: Promise<never>;
  close(): void;
}

/** Milliseconds between two looks at whether the window is still there. */
const LOOK = 500;

/** To be called in the click that asks for it, before anything is waited for. @throws ExchangeError when the browser opens no window */
export function openPopup(): Popup {
  const popup = window.open("about:blank", "_blank", "popup,width=480,height=640");
  if (!popup) {
    const cause = "the browser opened no window: call login in a click, or without popup";
    throw new ExchangeError("authorization_failed", { cause });
  }
  let looking: ReturnType<typeof setInterval> | undefined;
  const left = new Promise<never>((_resolve, reject) => {
    let missed = 0;
    looking = setInterval(() => {
      missed = popup.closed && document.hasFocus() ? missed + 1 : 0;
      if (missed < 2) return;
      clearInterval(looking);
      reject(new ExchangeError("access_denied", { cause: "the window was closed" }));
    }, LOOK);
  });
  return {
    left,
    close() {
      clearInterval(looking);
      popup.close();
    },
    ask: (url, state) =>
      new Promise((resolve) => {
        const channel = popupChannel();
        const arrive = ({ origin, data }: MessageEvent) => {
          if (origin !== location.origin || !isCallbackMessage(data) || stateIn(data.url) !== state) return;
          clearInterval(looking);
          removeEventListener("message", arrive);
          channel?.close();
          resolve(data.url);
        };
        addEventListener("message", arrive);
        if (channel) channel.onmessage = arrive;
        popup.location.href = url;
      }),
  };
}
