import { must } from "../../core/errors.js";
import { RelyingPartyRequest } from "../../core/relying-party/relying-party-request.js";
import { mustNotBeAway } from "../../core/relying-party/replies.js";
import type { AuthSession } from "../../core/relying-party/request-auth.js";
import { loginUrl } from "../../core/relying-party/request-context.js";
import type { SessionRequirement } from "../../core/relying-party/requirement.js";
import { pathOf } from "../../core/request/reading.js";
import type { Reply } from "../../core/request/response.js";
import type { RequestView } from "../../core/request/view.js";
import { mustBeHandler } from "../lib/checks.js";
import { createServing, type Serving } from "../lib/serve.js";
import { toRequestView } from "../lib/web-request.js";
import type { WebWriter } from "../lib/web-writer.js";
import { type Configured, lazily, mustBeUnder } from "./configured.js";
import { type CookieStore, cookieHeaderOf, createStoreWriter, storeCookies } from "./cookie-store.js";
import { redirectFor } from "./sealed-login.js";

/** What a page or an action of the App Router requires. */
export interface PageRequirement<Data> extends SessionRequirement<Data> {
  /** A path of the app, beginning with the `basePath` if Next has one. @default the app's first page */
  returnTo?: string;
}

/** The App Router: pages, layouts, server actions and route handlers. */
export interface AppRouter<Data> extends Serving<Data> {
  handlers: { GET(request: Request): Promise<Response>; POST(request: Request): Promise<Response> };
  /** The request that the App Router is answering. `login` and `logout` redirect and never return. */
  current(): Promise<CurrentRequest<Data>>;
  /** The session of the current request; without one, or below the requirement, Next redirects. Never returns null. */
  requireCurrent(options?: PageRequirement<Data>): Promise<AuthSession<Data>>;
}

/** The request of a route handler, which returns a Response; or of a page or an action, where a reply is a redirect that throws. */
type CurrentRequest<Data> = RelyingPartyRequest<Data, Response> | RelyingPartyRequest<Data, never>;

/** Loads `next/headers` for the first request that needs it, because it takes Node several times as long to load as this package. */
const loadHeaders = lazily(() => import("next/headers.js"));

/** Loads `next/cache`, for its `io`, which Next has since 16.3. */
const loadCache = lazily(() => import("next/cache.js"));

/** Redirects with Next's `redirect`, which throws. */
async function redirect(location: string): Promise<never> {
  const navigation = await import("next/navigation.js");
  return navigation.redirect(location);
}

/** The cookie store of a route handler; undefined outside the App Router, such as in an edge API route or a test. */
async function handlerStore(): Promise<CookieStore | undefined> {
  const { cookies } = await loadHeaders();
  try {
    return await cookies();
  } catch (error) {
    // An error with a digest is a signal of Next, and must reach Next.
    if ("digest" in (error as object)) throw error;
    return undefined;
  }
}

/** Opens the request of a page or an action, with the cookies and headers of `next/headers`. */
async function openCurrent<Data>(
  { relyingParty, base }: Configured<Data>,
  store: CookieStore,
  headers: Headers,
): Promise<CurrentRequest<Data>> {
  must(!headers.entries().next().done, 'remove dynamic = "force-static": this page reads the session of its visitor');
  const request: RequestView = {
    method: "GET",
    url: `${base}/`,
    headers: {
      get: (name) => (name === "cookie" ? cookieHeaderOf(store, headers.get(name) ?? "") : headers.get(name)),
    },
  };
  // After an action redirects, Next renders the target itself, and drops the cookies that are written during that render.
  const isOpen = !headers.has("x-action-redirect");
  const send = async ({ headers }: Reply): Promise<never> => {
    const context = RelyingPartyRequest.contextOf(opened);
    // The page of a failed sign-in has no location, and no action can answer with it: the login route tries again, and shows it.
    return redirect(headers["location"] ?? loginUrl(context, context.opened.returnTo));
  };
  const opened = await relyingParty.open(request, createStoreWriter(store, isOpen, send));
  return opened;
}

/** The requests that the App Router is answering, by their `cookies()`: a render has one object, and another after an action changed it. */
type CurrentRequests<Data> = WeakMap<CookieStore, Promise<CurrentRequest<Data>>>;

async function currentOf<Data>(
  requests: CurrentRequests<Data>,
  configured: () => Configured<Data>,
): Promise<CurrentRequest<Data>> {
  const { cookies, headers } = await loadHeaders();
  // Called before a clock or randomness is read, so that Next knows that the page is rendered for one visitor.
  const store = await cookies();
  // With `partialPrefetching`, Next also renders what follows `cookies()` ahead of a navigation, and reports each use of the clock
  // there. `io()` ends that render. `connection()` would too, but throws in a "use cache: private" function, which may read cookies.
  await (await loadCache()).io?.();
  // Stored before anything is awaited, so that concurrent calls share one request and do not undo each other's writes.
  const opened = requests.get(store) ?? headers().then((current) => openCurrent(configured(), store, current));
  requests.set(store, opened);
  return opened;
}

/** The response writer of each request that a route handler serves. */
type Writers = WeakMap<Request, WebWriter>;

/**
 * Keeps the cookies of a route handler that ends with Next's `redirect()`, `notFound()` and the like, which throw. Next makes the
 * responses of these. The cookies that were written must not be lost, since they may hold a new refresh token. Next adds the cookies
 * of its store to a redirect only, so the other responses are made here.
 */
function keepCookies<Rest extends unknown[]>(
  writers: Writers,
  handler: (request: Request, ...rest: Rest) => Response | Promise<Response>,
): (request: Request, ...rest: Rest) => Promise<Response> {
  mustBeHandler(handler, "wrap");
  return async (request, ...rest) => {
    try {
      return await handler(request, ...rest);
    } catch (error) {
      const { digest } = (error ?? {}) as { digest?: unknown };
      const [, status] = /^NEXT_HTTP_ERROR_FALLBACK;(\d{3})$/.exec(`${digest}`) ?? [];
      if (status) return new Response(null, { status: Number(status) });
      const store = await handlerStore();
      if (store) storeCookies(store, writers.get(request)?.lines() ?? []);
      throw error;
    }
  };
}

/** Answers a request that is for none of the routes: 404 under the mount; any other path means that `mount` is wrong. */
async function answerElsewhere<Data>(request: Request, { config, base }: Configured<Data>): Promise<Response> {
  mustBeUnder(base + config.mount, base + pathOf(toRequestView(request)));
  return new Response(null, { status: 404 });
}

export function createAppRouter<Data>(configured: () => Configured<Data>): AppRouter<Data> {
  const requests: CurrentRequests<Data> = new WeakMap();
  const writers: Writers = new WeakMap();
  const serving = createServing<Data>(async (request, writer, waitUntil) => {
    // Read before the configuration: a build with `cacheComponents` runs GET handlers until they read their request, without secrets.
    void request.url;
    const { relyingParty, base } = configured();
    const opened = await relyingParty.open(toRequestView(request, base, waitUntil), writer);
    writers.set(request, writer);
    // Methods without a request, called inside the handler, use this request.
    const store = writer.canWrite() ? await handlerStore() : undefined;
    if (store) requests.set(store, Promise.resolve(opened));
    return opened;
  });
  const handler = serving.wrap((request) => answerElsewhere(request, configured()));
  return {
    ...serving,
    wrap: (handler) => serving.wrap(keepCookies(writers, handler)),
    requireSession: (handler, requirement) => serving.requireSession(keepCookies(writers, handler), requirement),
    handlers: { GET: handler, POST: handler },
    current: () => currentOf(requests, configured),
    async requireCurrent({ returnTo, ...requirement } = {}) {
      const request = await currentOf(requests, configured);
      const { session } = request;
      if (!session) mustNotBeAway(request.reason);
      const context = RelyingPartyRequest.contextOf(request as RelyingPartyRequest<Data, never>);
      if (!session) return redirect(loginUrl(context, returnTo));
      const url = await redirectFor(context, session, requirement, returnTo);
      return url ? redirect(url) : session;
    },
  };
}
