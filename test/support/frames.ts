import { vi } from "vitest";
import type { TestProvider } from "../../adapters/testing/index.js";

/** What a browser does with hidden frames, which jsdom does not: they go to the provider and come back. */
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
