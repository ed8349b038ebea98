import type { AuthOptions } from "../../adapters/edge.js";
import { edgeHandler } from "./edge-app.js";

/** What the runtimes run: the test's clock comes with each request, the provider is reached through the test. */
let handle: ReturnType<typeof edgeHandler> | undefined;
let now = 0;

function create(options: AuthOptions) {
  const relay = `${[options.baseUrl].flat()[0]}/relay?to=`;
  return edgeHandler({
    ...options,
    now: () => now,
    fetch: (url: string, init?: object) => fetch(relay + encodeURIComponent(url), init),
  } as AuthOptions);
}

/** `options` as JSON. */
export function serve(request: Request, options: string): Promise<Response> {
  now = Number(request.headers.get("x-test-now"));
  handle ??= create(JSON.parse(options));
  return handle(request);
}

/** A Worker is given its options, Bun and `deno serve` find them in the environment. */
export default {
  fetch: (request: Request, env?: { OPTIONS?: string }): Promise<Response> =>
    serve(request, env?.OPTIONS ?? (process.env["OPTIONS"] as string)),
};
