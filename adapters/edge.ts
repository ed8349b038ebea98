import type { TokenRequest } from "../core/exchange/token-set.js";
import { type ExamplesOf, FUNCTION, OBJECT } from "../core/options.js";
import type { RegisteredData } from "../core/register.js";
import type { LoginOptions } from "../core/relying-party/login-options.js";
import { createRelyingParty } from "../core/relying-party/relying-party.js";
import type { AuthSession } from "../core/relying-party/request-auth.js";
import type { SessionRequirement } from "../core/relying-party/requirement.js";
import type { LogoutOptions } from "../core/relying-party/sign-out.js";
import { type AccessTokenOptions, accessTokenExamples, createCheck } from "./lib/access-token.js";
import type { AuthOptions } from "./lib/auth-options.js";
import { mustBeOptions } from "./lib/checks.js";
import { authExamples, resolveConfig } from "./lib/config.js";
import { type ProtectedApi, type ProtectedHandler, protect, type VerifiedRequest } from "./lib/protect.js";
import { createServing, type Handler, type RequestAuth, type SignedInAuth, type SignedInHandler } from "./lib/serve.js";
import { serverPortsOf } from "./lib/server-ports.js";
import { quietly, type WaitUntil } from "./lib/wait-until.js";
import { toRequestView } from "./lib/web-request.js";

export * from "./lib/exports.js";
export { type ProtectedResource, protectedResource } from "./lib/resource-handler.js";
export type {
  Handler,
  ProtectedApi,
  ProtectedHandler,
  RequestAuth,
  SignedInAuth,
  SignedInHandler,
  VerifiedRequest,
  WaitUntil,
};

interface EnvironmentOptions {
  /** `process.env` on Bun, `Deno.env.toObject()`, the `env` of a Worker. @default none: everything is in the options */
  env?: object;
  /**
   * Keeps a request alive until its work is done, also when its client goes away, so that a refreshed token is not lost: on
   * Workers `waitUntil` of `cloudflare:workers`, on Vercel that of `@vercel/functions`. Used where the runtime passes no
   * `waitUntil` beside the request. @default none
   */
  waitUntil?: WaitUntil;
}

/** {@link createAuth}'s options: those of every adapter, and where `LATCHKEY_*` variables come from. */
export interface EdgeOptions<Data = RegisteredData> extends AuthOptions<Data>, EnvironmentOptions {}

/** {@link verifyAccessToken}'s options: those of every adapter, and where `LATCHKEY_*` variables come from. */
export interface EdgeAccessTokenOptions extends AccessTokenOptions, EnvironmentOptions {}

/** The options of {@link EnvironmentOptions}, by an example each. */
const environment: ExamplesOf<EnvironmentOptions> = { env: OBJECT, waitUntil: FUNCTION };

const variablesOf = ({ env }: EnvironmentOptions) => (env ?? {}) as Record<string, string | undefined>;

/** Sign-in and sessions for any runtime that maps a Request to a Response. */
export interface Auth<Data = RegisteredData> {
  /** Answers the routes under `mount`; anything else is 404. Pass on what the runtime passes beside the request. */
  handler(request: Request, ...passed: unknown[]): Promise<Response>;
  /**
   * Answers the routes under `mount`, and passes any other request to the handler. Cookies that were written go onto the
   * handler's response, or onto a Response that it throws. When it throws anything else, they go onto the response of the next
   * handler that serves the same Request, as frameworks do for an error page, or onto the response that `finish` gets.
   */
  wrap<Rest extends unknown[]>(handler: Handler<Data, Rest>): (request: Request, ...rest: Rest) => Promise<Response>;
  /**
   * The same for signed-in requests only: 401 JSON for API calls, a redirect to sign in for page navigations. A session that does not meet
   * the requirement gets 403.
   */
  requireSession<Rest extends unknown[]>(
    handler: SignedInHandler<Data, Rest>,
    requirement?: SessionRequirement<Data>,
  ): (request: Request, ...rest: Rest) => Promise<Response>;
  /** The session of a request, or null if no user is signed in. */
  getSession(request: Request): Promise<AuthSession<Data> | null>;
  /** A valid access token. Outside `wrap` nothing can be written, so none is refreshed: `refresh_required`. @throws ExchangeError */
  getAccessToken(request: Request, options?: TokenRequest): Promise<string>;
  /** `fetch` with the access token, to `apiOrigins` only. @throws MisuseError, ExchangeError */
  fetch(request: Request, url: string | URL, init?: RequestInit, options?: TokenRequest): Promise<Response>;
  /** Inside `wrap`: merges a patch into `session.data`, or applies a function to it. @throws MisuseError, CookieTooLargeError */
  update(request: Request, change: Partial<Data> | ((data: Data) => Data)): Promise<void>;
  /** Inside `wrap`: the response that sends the browser to sign in. @throws MisuseError `headers_sent` */
  login(request: Request, options?: LoginOptions): Promise<Response>;
  /** Inside `wrap`: signs out here and at the provider, and gives the response that sends the browser there. @throws MisuseError `headers_sent` */
  logout(request: Request, options?: LogoutOptions): Promise<Response>;
  /** Puts the cookies that were written before a handler threw onto the response that an error handler outside of `wrap` made. */
  finish(request: Request, response: Response): Response;
}

/**
 * Sign-in and sessions for Cloudflare Workers, Vercel Edge, Deno, Bun, Hono and others.
 *
 * @example
 * ```ts
 * import { createAuth } from "latchkey/edge";
 *
 * const auth = createAuth({ env: process.env });
 * const invoices = auth.requireSession((request, { session }) => Response.json({ user: session.user }));
 *
 * export default {
 *   fetch: auth.wrap((request) =>
 *     new URL(request.url).pathname === "/invoices" ? invoices(request) : new Response("Hello"),
 *   ),
 * };
 * ```
 * @throws MisuseError (`invalid_config`) at once when the configuration is wrong or incomplete; the message names the variable.
 */
export function createAuth<Data = RegisteredData>(options: EdgeOptions<Data>): Auth<Data> {
  mustBeOptions(options, "createAuth");
  const config = resolveConfig(options, variablesOf(options), { ...authExamples, ...environment });
  const { open } = createRelyingParty(config, serverPortsOf(options));
  const fallback = options.waitUntil && quietly(options.waitUntil);
  const serving = createServing<Data>((request, writer, waitUntil = fallback) =>
    open(toRequestView(request, "", waitUntil), writer),
  );
  const { wrap, requireSession, getSession, authFor, finish } = serving;
  return {
    wrap,
    requireSession,
    getSession,
    finish,
    handler: wrap(() => new Response(null, { status: 404 })),
    getAccessToken: async (request, tokenRequest) => (await authFor(request)).getAccessToken(tokenRequest),
    fetch: async (request, url, init, tokenRequest) => (await authFor(request)).fetch(url, init, tokenRequest),
    update: async (request, change) => (await authFor(request)).update(change),
    login: async (request, login) => (await authFor(request)).login(login),
    logout: async (request, logout) => (await authFor(request)).logout(logout),
  };
}

/**
 * Protects an API with the access tokens (JWT) of a provider, sent as `Authorization: Bearer` (RFC 6750). Where it serves pages
 * of other origins, its CORS headers are its own, and preflights must be answered without it: they carry no token.
 *
 * @example
 * ```ts
 * import { verifyAccessToken } from "latchkey/edge";
 *
 * const api = verifyAccessToken({ issuer: "https://op.example/", audience: "https://api.example", scope: "read:shows" });
 *
 * export default { fetch: api.wrap((request, { claims }) => Response.json({ for: claims.sub })) };
 * ```
 * @throws MisuseError (`invalid_config`) at once when an option is wrong or missing; the message names the variable.
 */
export function verifyAccessToken(options: EdgeAccessTokenOptions): ProtectedApi {
  mustBeOptions(options, "verifyAccessToken");
  const { waitUntil } = options;
  const check = createCheck(options, variablesOf(options), { ...accessTokenExamples, ...environment });
  return protect(() => check, waitUntil && quietly(waitUntil));
}
