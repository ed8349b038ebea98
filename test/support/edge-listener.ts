import { serve } from "./edge-server.js";

interface FetchEvent extends Event {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

/** The server for edge-runtime, which has fetch events instead of modules, and no environment variables. */
addEventListener("fetch", (event) => {
  const { request, respondWith } = event as FetchEvent;
  respondWith.call(event, serve(request, (globalThis as unknown as { OPTIONS: string }).OPTIONS, event));
});
