import { vi } from "vitest";
import type { TestProvider } from "../../adapters/testing/index.js";

/** Loads hidden frames as a browser does and jsdom does not: a frame goes to the provider and comes back to the callback. */
export function loadFrames(provider: TestProvider): void {
  vi.spyOn(HTMLIFrameElement.prototype, "src", "set").mockImplementation(function load(
    this: HTMLIFrameElement,
    url: string,
  ) {
    void provider.authorize(url).then((answer) => {
      const data = { latchkey: "callback", url: answer.url };
      window.dispatchEvent(new MessageEvent("message", { data, origin: location.origin, source: this.contentWindow }));
    });
  });
}
