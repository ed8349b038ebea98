import type { AuthOptions } from "../../adapters/edge.js";
import { edgeHandler } from "./edge-app.js";

/** What a Worker, Bun and `deno serve` run: the test's clock comes with each request, the provider is reached through the test. */
let handle: ReturnType<typeof edgeHandler> | undefined;
let now = 0;

function create(options: AuthOptions) {
  const relay = `${options.baseUrl}/relay?to=`;
  return edgeHandler({
    ...options,
    now: () => now,
    fetch: (url: string, init?: object) => fetch(relay + encodeURIComponent(url), init),
  } as AuthOptions);
}

export default {
  fetch(request: Request, env?: { OPTIONS?: string }): Promise<Response> {
    now = Number(request.headers.get("x-test-now"));
    handle ??= create(JSON.parse(env?.OPTIONS ?? (process.env["OPTIONS"] as string)));
    return handle(request);
  },
};
