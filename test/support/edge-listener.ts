import { serve } from "./edge-server.js";

interface FetchEvent extends Event {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

/** The same for the edge-runtime, which has events in the place of a module, and nothing in its environment. */
addEventListener("fetch", (event) => {
  const { request, respondWith } = event as FetchEvent;
  respondWith.call(event, serve(request, (globalThis as unknown as { OPTIONS: string }).OPTIONS, event));
});
