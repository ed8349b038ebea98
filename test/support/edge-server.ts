import { type AccessTokenRefusal, type AuthOptions, verifyAccessToken } from "../../adapters/edge.js";
import { edgeHandler } from "./edge-app.js";
import { API } from "./routes.js";

/** What the runtimes run: the test's clock comes with each request, the provider is reached through the test. */
let handle: ((request: Request, ...passed: unknown[]) => Promise<Response>) | undefined;
let now = 0;

function create(options: AuthOptions): (request: Request, ...passed: unknown[]) => Promise<Response> {
  const relay = `${[options.baseUrl].flat()[0]}/relay?to=`;
  const ports = {
    now: () => now,
    fetch: (url: string, init?: object) => fetch(relay + encodeURIComponent(url), init),
  };
  const app = edgeHandler({ ...options, ...ports } as AuthOptions);
  // The same runtime as an API, which knows no sessions.
  let refusal: AccessTokenRefusal | undefined;
  const onRefused = (told: AccessTokenRefusal) => {
    refusal = told;
  };
  const { issuer, httpTimeout } = options;
  const api = verifyAccessToken({ issuer, httpTimeout, audience: API, scope: "read:shows", onRefused, ...ports });
  const shows = api.wrap((_request, access, ..._passed: unknown[]) => Response.json(access));
  return async (request, ...passed) => {
    if (new URL(request.url).pathname !== "/shows") return app(request, ...passed);
    refusal = undefined;
    const response = await shows(request, ...passed);
    if (refusal) response.headers.set("x-test-refusal", JSON.stringify(refusal));
    return response;
  };
}

/** `options` as JSON; `passed`: what the runtime passes beside the request. A test may ask for an app that does not pass it on. */
export function serve(request: Request, options: string, ...passed: unknown[]): Promise<Response> {
  now = Number(request.headers.get("x-test-now"));
  handle ??= create(JSON.parse(options));
  return request.headers.has("x-test-alone") ? handle(request) : handle(request, ...passed);
}

/** A Worker is given its options, Bun and `deno serve` find them in the environment. */
export default {
  fetch: (request: Request, env?: { OPTIONS?: string }, ...passed: unknown[]): Promise<Response> =>
    serve(request, env?.OPTIONS ?? (process.env["OPTIONS"] as string), ...passed),
};
