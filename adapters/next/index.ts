import type { IncomingMessage, ServerResponse } from "node:http";
import type { GetServerSideProps, GetServerSidePropsContext, NextApiHandler } from "next";
import { must } from "../../core/errors.js";
import type { TokenRequest } from "../../core/exchange/token-set.js";
import { isObject } from "../../core/is-object.js";
import { TEXT } from "../../core/options.js";
import type { RegisteredData } from "../../core/register.js";
import type { LoginOptions } from "../../core/relying-party/login-options.js";
import type { AuthSession } from "../../core/relying-party/request-auth.js";
import { checkRequirement, type SessionRequirement } from "../../core/relying-party/requirement.js";
import type { LogoutOptions } from "../../core/relying-party/sign-out.js";
import type { AuthOptions } from "../lib/auth-options.js";
import { mustBeOptions } from "../lib/checks.js";
import type { RequestAuth as AnyRequestAuth } from "../lib/request-auth.js";
import type { Handler, RequestAuth, SignedInAuth, SignedInHandler } from "../lib/serve.js";
import { createAppRouter, type PageRequirement } from "./app.js";
import { configure } from "./configured.js";
import { createPagesRouter, type PagesRequestAuth, type PagesSignedInAuth, type SignedInApiHandler } from "./pages.js";
import { createProxy, type ProxyHandler } from "./proxy.js";

export * from "../lib/exports.js";
export type { ProtectedHandler, VerifiedRequest } from "../lib/protect.js";
export { type ProtectedResource, protectedResource } from "../lib/resource-handler.js";
export { AccessTokenError, type AccessTokenErrorCode } from "./auth0/access-token-error.js";
export { type Auth0, type Auth0Session, initAuth0, type OnUserLoaded } from "./auth0/init-auth0.js";
export type { Auth0Settings } from "./auth0/settings.js";
export { type NextProtectedApi as ProtectedApi, verifyAccessToken } from "./protected-api.js";
export type { ProxyAuth } from "./proxy.js";
export type {
  Handler,
  PageRequirement,
  PagesRequestAuth,
  PagesSignedInAuth,
  ProxyHandler,
  RequestAuth,
  SignedInApiHandler,
  SignedInAuth,
  SignedInHandler,
};

/** The request that the App Router is answering: `login` and `logout` redirect, and never return. */
export interface CurrentRequestAuth<Data = RegisteredData> extends AnyRequestAuth<Data, never> {}

/** A proxy of Next, which Next calls with its `NextFetchEvent` as second argument. */
export type Proxy = (request: import("next/server.js").NextRequest, event?: unknown) => Promise<Response>;

/**
 * Sign-in and sessions for Next 15 and 16, App Router and Pages Router. Methods without a request use the one that the App
 * Router is answering; they also take a route handler's `request`, or `req` and `res` of the Pages Router.
 */
export interface Auth<Data = RegisteredData> {
  /** `export const { GET, POST } = auth.handlers` in `app/auth/[...latchkey]/route.ts`. */
  readonly handlers: { GET(request: Request): Promise<Response>; POST(request: Request): Promise<Response> };
  /** `export default auth.apiHandler` in `pages/api/auth/[...latchkey].ts`, with `mount: "/api/auth"`. */
  readonly apiHandler: NextApiHandler;
  /** `export const proxy = auth.proxy` in `proxy.ts`: writes activity and refreshes the token before a page renders. */
  readonly proxy: Proxy;
  /** The same function as `proxy`, for `middleware.ts` before Next 16. */
  readonly middleware: Proxy;
  /** Runs the app's own proxy inside latchkey's. The app's proxy gets the session and the new cookies, and its response carries them. */
  withProxy(handler: ProxyHandler<Data>): Proxy;
  /** Around a route handler: its response gets the cookies that were written while it ran. */
  wrap<Rest extends unknown[]>(handler: Handler<Data, Rest>): (request: Request, ...rest: Rest) => Promise<Response>;
  /**
   * In pages, layouts and server actions: the session; a visitor without one is redirected to sign in, and returns to `returnTo`.
   * A session that does not meet the requirement is redirected too, to an error page with status 403, or to sign in again.
   * Each page and action needs its own call: Next renders a page, and sends the result, even if its layout redirects.
   */
  requireSession(options?: PageRequirement<Data>): Promise<AuthSession<Data>>;
  /** Around a route handler: 401 JSON for API calls, a redirect to sign in for page navigations; 403 for a session below the requirement. */
  requireSession<Rest extends unknown[]>(
    handler: SignedInHandler<Data, Rest>,
    requirement?: SessionRequirement<Data>,
  ): (request: Request, ...rest: Rest) => Promise<Response>;
  /** Around a handler in `pages/api`: 401 JSON for a request without a session, 403 JSON for a session below the requirement. */
  requireSessionApi(handler: SignedInApiHandler<Data>, requirement?: SessionRequirement<Data>): NextApiHandler;
  /**
   * For `getServerSideProps`: a visitor without a session is redirected to sign in, and returns to the page; a session below the
   * requirement is redirected to an error page with status 403, or to sign in again. Adds `user` to the props.
   */
  requireSessionPage<Props extends Record<string, unknown>>(
    handler?: (context: GetServerSidePropsContext, session: AuthSession<Data>) => ReturnType<GetServerSideProps<Props>>,
    requirement?: SessionRequirement<Data>,
  ): GetServerSideProps;
  /** In the Pages Router: the session of a request, and what an app can do with it. `login` and `logout` answer the request. */
  forRequest(req: IncomingMessage, res: ServerResponse): Promise<PagesRequestAuth<Data>>;
  /** The same for the request that the App Router is answering, for functions such as `refreshUser`: `login` and `logout` redirect. */
  forRequest(): Promise<CurrentRequestAuth<Data>>;
  /** The session, or null if no user is signed in. */
  getSession(): Promise<AuthSession<Data> | null>;
  getSession(request: Request): Promise<AuthSession<Data> | null>;
  getSession(req: IncomingMessage, res?: ServerResponse): Promise<AuthSession<Data> | null>;
  /**
   * A valid access token, refreshed if cookies can be written. A Server Component cannot write them: the proxy refreshes the
   * token before the page renders, and without the proxy the error is `refresh_required`. @throws ExchangeError
   */
  getAccessToken(options?: TokenRequest): Promise<string>;
  getAccessToken(request: Request, options?: TokenRequest): Promise<string>;
  getAccessToken(req: IncomingMessage, res: ServerResponse, options?: TokenRequest): Promise<string>;
  /** `fetch` with the access token, to `apiOrigins` only. @throws MisuseError, ExchangeError */
  fetch(url: string | URL, init?: RequestInit, options?: TokenRequest): Promise<Response>;
  fetch(request: Request, url: string | URL, init?: RequestInit, options?: TokenRequest): Promise<Response>;
  fetch(
    req: IncomingMessage,
    res: ServerResponse,
    url: string | URL,
    init?: RequestInit,
    options?: TokenRequest,
  ): Promise<Response>;
  /** Merges a patch into `session.data`, or applies a function to it: in server actions and route handlers. @throws MisuseError, CookieTooLargeError */
  update(change: Partial<Data> | ((data: Data) => Data)): Promise<void>;
  update(request: Request, change: Partial<Data> | ((data: Data) => Data)): Promise<void>;
  update(req: IncomingMessage, res: ServerResponse, change: Partial<Data> | ((data: Data) => Data)): Promise<void>;
  /**
   * In a server action: redirects the browser to sign in. With a `request` inside `wrap`: gives the response to return. With
   * `req` and `res`: answers the request. @throws MisuseError `headers_sent`
   */
  login(options?: LoginOptions): Promise<never>;
  login(request: Request, options?: LoginOptions): Promise<Response>;
  login(req: IncomingMessage, res: ServerResponse, options?: LoginOptions): Promise<void>;
  /** Signs out here and at the provider, and redirects the browser there, as `login` does. @throws MisuseError `headers_sent` */
  logout(options?: LogoutOptions): Promise<never>;
  logout(request: Request, options?: LogoutOptions): Promise<Response>;
  logout(req: IncomingMessage, res: ServerResponse, options?: LogoutOptions): Promise<void>;
  /** Checks the configuration now, in place of at the first request. @throws MisuseError (`invalid_config`) naming what to change */
  check(): void;
}

/** Whether a request has the headers of the Web, whose `get` is a function. In Node's headers, `get` could be a header's name. */
const hasWebHeaders = (value: object): boolean =>
  "headers" in value && typeof (value.headers as Partial<Headers> | undefined)?.get === "function";

const isNode = (value: unknown): value is IncomingMessage =>
  isObject(value) && isObject((value as { headers?: unknown }).headers) && !hasWebHeaders(value);

const isResponse = (value: unknown): boolean => isObject(value) && "setHeader" in value;

/** The request that the arguments of a method begin with, if they begin with one, and the other arguments. */
function splitRequest(args: readonly unknown[]): readonly [request: readonly unknown[], others: readonly unknown[]] {
  const [first, second] = args;
  const length = isObject(first) && hasWebHeaders(first) ? 1 : isNode(first) && isResponse(second) ? 2 : 0;
  return [args.slice(0, length), args.slice(length)];
}

/**
 * Sign-in and sessions for Next. Options that are missing come from `LATCHKEY_*` variables, at the first request: a build
 * needs none.
 *
 * @example
 * ```ts
 * // auth.ts
 * import { createAuth } from "latchkey/next";
 *
 * export const auth = createAuth();
 *
 * // app/invoices/page.tsx
 * export default async function Invoices() {
 *   const { user } = await auth.requireSession({ returnTo: "/invoices" });
 *   return `The invoices of ${user.name}`;
 * }
 * ```
 */
export function createAuth<Data = RegisteredData>(options: AuthOptions<Data> = {}): Auth<Data> {
  mustBeOptions(options, "createAuth");
  const configured = configure(options);
  const app = createAppRouter(configured);
  const pages = createPagesRouter(configured);
  const withProxy = createProxy(configured);
  const proxy = withProxy();

  async function authFor([request, res]: readonly unknown[]): Promise<AnyRequestAuth<Data, unknown>> {
    if (request === undefined) return app.current();
    if (!isNode(request)) return app.authFor(request as Request);
    return (await pages.open(request, res as ServerResponse | undefined)).auth;
  }
  /** A method whose arguments may begin with a request; without one it acts on the request that the App Router is answering. */
  const anywhere =
    <Args extends unknown[], Result>(method: (auth: AnyRequestAuth<Data, unknown>, ...args: Args) => Promise<Result>) =>
    async (...args: unknown[]): Promise<Result> => {
      const [request, others] = splitRequest(args);
      return method(await authFor(request), ...(others as Args));
    };

  return {
    wrap: app.wrap,
    handlers: app.handlers,
    apiHandler: pages.apiHandler,
    proxy,
    middleware: proxy,
    withProxy,
    requireSession: ((
      first: SignedInHandler<Data, unknown[]> | PageRequirement<Data> = {},
      requirement?: SessionRequirement<Data>,
    ) => {
      if (typeof first === "function") return app.requireSession(first, requirement);
      must(isObject(first) && !("headers" in first), "requireSession takes a handler, or a requirement");
      checkRequirement(first, { returnTo: TEXT });
      return app.requireCurrent(first);
    }) as Auth<Data>["requireSession"],
    requireSessionApi: pages.requireSessionApi,
    requireSessionPage: pages.requireSessionPage,
    forRequest: (async (...request: unknown[]) => authFor(request)) as Auth<Data>["forRequest"],
    getSession: async (...request: unknown[]) => (await authFor(request)).session,
    getAccessToken: anywhere((auth, request?: TokenRequest) => auth.getAccessToken(request)),
    fetch: anywhere((auth, url: string | URL, init?: RequestInit, request?: TokenRequest) =>
      auth.fetch(url, init, request),
    ),
    update: anywhere((auth, change: Partial<Data> | ((data: Data) => Data)) => auth.update(change)),
    login: anywhere((auth, login?: LoginOptions) => auth.login(login)) as Auth<Data>["login"],
    logout: anywhere((auth, logout?: LogoutOptions) => auth.logout(logout)) as Auth<Data>["logout"],
    check: () => void configured(),
  };
}
