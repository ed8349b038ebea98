import { ExchangeError } from "../../core/errors.js";
import { onRelayedCallback } from "./callback-listener.js";

/** A window for one sign-in. */
export interface Popup {
  /** Sends the window to the provider. @returns the URL of the callback with this `state`, without a time limit */
  authorize(url: string, state: string): Promise<string>;
  /**
   * Rejects with `access_denied` when the window seems to be closed. After a provider's page with Cross-Origin-Opener-Policy the
   * window seems closed although the user types in it. So this rejects only while this page has the focus, and a later callback
   * still counts.
   */
  readonly untilClosed: Promise<never>;
  close(): void;
}

/** Milliseconds between two checks whether the window is closed. */
const INTERVAL = 500;

/** Opens the window. Call it in a click, before the first `await`. @throws ExchangeError if the browser opens no window */
export function openPopup(): Popup {
  const popup = window.open("about:blank", "_blank", "popup,width=480,height=640");
  if (!popup) {
    const cause = "the browser opened no window: call login in a click, or without popup";
    throw new ExchangeError("authorization_failed", { cause });
  }
  let timer: ReturnType<typeof setInterval> | undefined;
  const stopWatching = () => clearInterval(timer);
  return {
    // Rejects after two checks in a row that find the window closed while this page has the focus.
    untilClosed: new Promise<never>((_resolve, reject) => {
      let checks = 0;
      timer = setInterval(() => {
        checks = popup.closed && document.hasFocus() ? checks + 1 : 0;
        if (checks < 2) return;
        stopWatching();
        reject(new ExchangeError("access_denied", { cause: "the window was closed" }));
      }, INTERVAL);
    }),
    close() {
      stopWatching();
      popup.close();
    },
    authorize: (url, state) =>
      new Promise((resolve) => {
        const stopListening = onRelayedCallback(state, (callbackUrl) => {
          stopWatching();
          stopListening();
          resolve(callbackUrl);
        });
        popup.location.href = url;
      }),
  };
}
