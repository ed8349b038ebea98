import {
  type AccessTokenRefusal,
  type AuthOptions,
  backchannelLogout,
  privateKeyJwt,
  protectedResource,
  verifyAccessToken,
} from "../../adapters/edge.js";
import type { PrivateKeyJwtOptions } from "../../adapters/lib/private-key-jwt.js";
import { type DurableObjectNamespace, durableObjectStore } from "../../adapters/stores/durable-objects.js";
import { type ApiRecipes, optionsOf } from "./api-recipes.js";
import { edgeHandler } from "./edge-app.js";
import { API } from "./routes.js";

export { LatchkeyStore } from "../../adapters/stores/durable-objects.js";

/** The server that the runtimes run. Each request carries the time of the test's clock; requests to the provider go through the test. */
let handle: ((request: Request, ...rest: unknown[]) => Promise<Response>) | undefined;
let now = 0;
let namespace: DurableObjectNamespace | undefined;

/** Options that JSON cannot hold, as JSON. */
interface DescribedOptions {
  /** Protected APIs by their paths. */
  readonly apis?: ApiRecipes;
  /** The arguments of `privateKeyJwt`. */
  readonly clientKey?: readonly [key: string, options?: PrivateKeyJwtOptions];
  /** Whether logout tokens are answered. */
  readonly answersLogoutTokens?: boolean;
  /** The option of the store, in seconds. */
  readonly checkEvery?: number;
}

type ServerOptions = AuthOptions & DescribedOptions;

function create({
  apis = {},
  clientKey,
  answersLogoutTokens,
  checkEvery = 10,
  ...options
}: ServerOptions): (request: Request, ...rest: unknown[]) => Promise<Response> {
  const relay = `${[options.baseUrl].flat()[0]}/relay?to=`;
  const ports = {
    now: () => now,
    fetch: (url: string, init?: object) => fetch(relay + encodeURIComponent(url), init),
  };
  const store = options.session?.storage && namespace ? { store: durableObjectStore(namespace, { checkEvery }) } : {};
  const described = {
    ...(clientKey ? { clientAuthentication: privateKeyJwt(...clientKey) } : {}),
    ...(answersLogoutTokens ? { backchannelLogout: backchannelLogout() } : {}),
  };
  const app = edgeHandler({ ...options, ...described, ...ports, ...store } as AuthOptions);
  // The same runtime as a resource server, which has no sessions.
  let refusal: AccessTokenRefusal | undefined;
  const onRefused = (reported: AccessTokenRefusal) => {
    refusal = reported;
  };
  const { httpTimeout, issuer = Object.values(options.providers ?? {})[0]?.issuer } = options;
  const api = verifyAccessToken({ issuer, httpTimeout, audience: API, scope: "read:shows", onRefused, ...ports });
  const shows = api.wrap((_request, access, ..._rest: unknown[]) => Response.json(access));
  const handlers = new Map<string, (request: Request, ...rest: unknown[]) => Response | Promise<Response>>([
    ["/shows", shows],
  ]);
  for (const [path, recipe] of Object.entries(apis)) {
    const metadata = recipe.resource && protectedResource(recipe.resource);
    const protectedApi = verifyAccessToken(optionsOf(recipe, metadata?.url, { onRefused, ...ports }));
    handlers.set(
      path,
      protectedApi.wrap((_request, access, ..._rest: unknown[]) => Response.json(access)),
    );
    if (metadata) handlers.set(new URL(metadata.url).pathname, metadata.handler);
  }
  return async (request, ...rest) => {
    const handler = handlers.get(new URL(request.url).pathname);
    if (!handler) return app(request, ...rest);
    refusal = undefined;
    const response = await handler(request, ...rest);
    if (refusal) response.headers.set("x-test-refusal", JSON.stringify(refusal));
    return response;
  };
}

/** `options`: JSON. `rest`: the arguments that the runtime passes after the request; a test may request an app that drops them. */
export function serve(request: Request, options: string, ...rest: unknown[]): Promise<Response> {
  now = Number(request.headers.get("x-test-now"));
  handle ??= create(JSON.parse(options));
  return request.headers.has("x-test-without-context") ? handle(request) : handle(request, ...rest);
}

/** The bindings of a Worker. */
interface Bindings {
  OPTIONS?: string;
  LATCHKEY?: DurableObjectNamespace;
}

/** A Worker receives its options as a binding; Bun and `deno serve` read them from the environment. */
export default {
  fetch(request: Request, env?: Bindings, ...rest: unknown[]): Promise<Response> {
    // A test that says where sessions are stored gets a store, on workerd.
    if (env?.LATCHKEY) namespace = env.LATCHKEY;
    return serve(request, env?.OPTIONS ?? (process.env["OPTIONS"] as string), ...rest);
  },
};
