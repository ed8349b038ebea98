import type { IncomingMessage, ServerResponse } from "node:http";
import { must } from "../../core/errors.js";
import type { TokenRequest } from "../../core/exchange/token-set.js";
import { isObject } from "../../core/is-object.js";
import type { RegisteredData } from "../../core/register.js";
import type { AuthSession } from "../../core/relying-party/request-auth.js";
import type { LoginOptions } from "../../core/relying-party/sign-in.js";
import type { LogoutOptions } from "../../core/relying-party/sign-out.js";
import type { AccessTokenOptions } from "../lib/access-token.js";
import { mustBeOptions } from "../lib/checks.js";
import type { AuthOptions } from "../lib/config.js";
import type { RequestAuth as AnyRequestAuth } from "../lib/request-auth.js";
import type { Handler, Serving } from "../lib/serve.js";
import { createAppRouter } from "./app.js";
import { configure } from "./configured.js";
import { createPagesRouter, type PagesRouter } from "./pages.js";
import { createProxy, type ProxyHandler } from "./proxy.js";

export {
  CookieTooLargeError,
  ExchangeError,
  type ExchangeErrorCode,
  LatchkeyError,
  type MisuseCode,
  MisuseError,
} from "../../core/errors.js";
export type { LatchkeyEvent } from "../../core/events.js";
export type { ShapedUser, User, UserClaims } from "../../core/exchange/user.js";
export { auth0 } from "../../core/provider/auth0.js";
export type { AccessTokenClaims, VerifiedAccessToken } from "../../core/resource-server/access-token.js";
export type { AccessTokenRefusal } from "../../core/resource-server/bearer.js";
export type { ProtectedHandler, VerifiedRequest } from "../lib/protect.js";
export type { RequestAuth } from "../lib/serve.js";
export { AccessTokenError } from "./auth0/access-token-error.js";
export { type Auth0, type Auth0Session, initAuth0 } from "./auth0/init-auth0.js";
export type { Auth0Settings } from "./auth0/settings.js";
export { type NextProtectedApi as ProtectedApi, verifyAccessToken } from "./protected-api.js";
export type { ProxyAuth } from "./proxy.js";
export type {
  AccessTokenOptions,
  AuthOptions,
  AuthSession,
  Handler,
  LoginOptions,
  LogoutOptions,
  ProxyHandler,
  TokenRequest,
};

/** A request that is named: a route handler's, or the Pages Router's with the response that may carry cookies. */
type Named = [request: Request] | [req: IncomingMessage, res?: ServerResponse];
/** A request, or none: the one that the App Router is answering. */
type Where = [] | Named;

/** What Next calls, with its `NextFetchEvent` as second argument. */
type Proxy = (request: import("next/server.js").NextRequest, event?: unknown) => Promise<Response>;

/** Sign-in and sessions for Next 15 and 16, App Router and Pages Router. */
export interface Auth<Data = RegisteredData> extends Pick<Serving<Data>, "wrap"> {
  /** `export const { GET, POST } = auth.handlers` in `app/auth/[...latchkey]/route.ts`. */
  readonly handlers: { GET(request: Request): Promise<Response>; POST(request: Request): Promise<Response> };
  /** `export default auth.apiHandler` in `pages/api/auth/[...latchkey].ts`, with `mount: "/api/auth"`. */
  readonly apiHandler: PagesRouter<Data>["apiHandler"];
  /** `export const proxy = auth.proxy` in `proxy.ts`: rolls and refreshes ahead of what is rendered. */
  readonly proxy: Proxy;
  /** The same, for `middleware.ts` before Next 16. */
  readonly middleware: Proxy;
  /** A proxy of the app's own inside ours: it sees the session and the new cookies, its answer carries them. */
  withProxy(handler: ProxyHandler<Data>): Proxy;
  /** Who is signed in, or null. In the Pages Router `getSession(req, res)`. */
  getSession(...where: Where): Promise<AuthSession<Data> | null>;
  /**
   * A valid access token, refreshed where cookies can be written. In a Server Component none is refreshed: the proxy has
   * done so already, else it is `refresh_required`. @throws ExchangeError
   */
  getAccessToken(options?: TokenRequest): Promise<string>;
  getAccessToken(req: IncomingMessage, res: ServerResponse, options?: TokenRequest): Promise<string>;
  /** `fetch` with the access token, to `apiOrigins` only. @throws MisuseError, ExchangeError */
  fetch(url: string | URL, init?: RequestInit, options?: TokenRequest): Promise<Response>;
  /** Merges a patch into `session.data`, or applies a function to it: in server actions and route handlers. @throws MisuseError, CookieTooLargeError */
  update(change: Partial<Data> | ((data: Data) => Data)): Promise<void>;
  update(req: IncomingMessage, res: ServerResponse, change: Partial<Data> | ((data: Data) => Data)): Promise<void>;
  /**
   * In pages, layouts and server actions: the session; who is not signed in is sent to sign in, and back to `returnTo`.
   * Each page and action needs its own: Next renders the page, and sends what it made of it, also where a layout refuses.
   */
  requireSession(options?: {
    /** With the `basePath`, if there is one. @default the app's first page */
    returnTo?: string;
  }): Promise<AuthSession<Data>>;
  /** Around a route handler: 401 JSON for API calls, a redirect to sign in for page navigations. */
  requireSession<Rest extends unknown[]>(
    handler: Handler<Data, Rest>,
  ): (request: Request, ...rest: Rest) => Promise<Response>;
  /** In the Pages Router: the session of a request, and what can be done with it. `login` and `logout` answer the request. */
  forRequest(req: IncomingMessage, res: ServerResponse): Promise<AnyRequestAuth<Data, void>>;
  /** Around a handler in `pages/api`: 401 JSON for who is not signed in. */
  readonly requireAuthentication: PagesRouter<Data>["requireAuthentication"];
  /** As `getServerSideProps`: who is not signed in is sent to sign in, and back; the props get `user`. */
  readonly withPageAuth: PagesRouter<Data>["withPageAuth"];
  /** In a server action: sends the browser to sign in. */
  login(options?: LoginOptions): Promise<never>;
  /** In a server action: signs out here and at the provider, and sends the browser there. */
  logout(options?: LogoutOptions): Promise<never>;
  /** Checks the configuration now, in place of at the first request. @throws MisuseError (`invalid_config`) naming what to change */
  check(): void;
}

/** A client may send a header named "get": only a function tells the two kinds of headers apart. */
const isNode = (first: unknown): first is IncomingMessage =>
  isObject(first) && "headers" in first && typeof (first.headers as Partial<Headers>).get !== "function";

/**
 * Sign-in and sessions for Next. Options that are missing come from `LATCHKEY_*` variables, at the first request: a build
 * needs none.
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
  /** Splits `(req, res, ...rest)` and `(...rest)`. */
  const split = (args: readonly unknown[]) =>
    args.length > 1 && isNode(args[0]) && "setHeader" in (args[1] as object)
      ? ([args.slice(0, 2), args.slice(2)] as const)
      : ([[], args] as const);

  const auth: Auth<Data> = {
    wrap: app.wrap,
    handlers: app.handlers,
    apiHandler: pages.apiHandler,
    proxy,
    middleware: proxy,
    withProxy,
    requireAuthentication: pages.requireAuthentication,
    withPageAuth: pages.withPageAuth,
    forRequest: async (req, res) => (await pages.open(req, res)).auth,
    getSession: async (...where: Where) => (await authFor(where)).session,
    async getAccessToken(...args: unknown[]) {
      const [where, [request]] = split(args);
      return (await authFor(where)).getAccessToken(request as TokenRequest | undefined);
    },
    fetch: async (url, init, request) => (await app.current()).fetch(url, init, request),
    async update(...args: unknown[]) {
      const [where, [change]] = split(args);
      await (await authFor(where)).update(change as Partial<Data>);
    },
    requireSession: ((first: Handler<Data, unknown[]> | { returnTo?: string } = {}) => {
      if (typeof first === "function") return app.requireSession(first);
      must(isObject(first) && !("headers" in first), "requireSession takes a handler, or { returnTo }");
      return app.requireCurrent(first);
    }) as Auth<Data>["requireSession"],
    login: async (options) => (await app.current()).login(options) as Promise<never>,
    logout: async (options) => (await app.current()).logout(options) as Promise<never>,
    check: () => void configured(),
  };
  return auth;
}
