import { MisuseError } from "../../core/errors.js";
import { AuthRequest } from "../../core/relying-party/auth-request.js";
import type { AuthSession } from "../../core/relying-party/request-auth.js";
import { loginUrl } from "../../core/relying-party/request-context.js";
import { pathOf } from "../../core/request/reading.js";
import type { Reply } from "../../core/request/response.js";
import type { RequestView } from "../../core/request/view.js";
import { mustBeHandler } from "../lib/checks.js";
import { createServing, type Serving } from "../lib/serve.js";
import { toRequestView } from "../lib/web-request.js";
import type { WebWriter } from "../lib/web-writer.js";
import { type Configured, lazily } from "./configured.js";
import { type CookieStore, cookieHeaderOf, createStoreWriter, storeCookies } from "./cookie-store.js";

/** The App Router: pages, layouts, server actions and route handlers. */
export interface AppRouter<Data> extends Serving<Data> {
  handlers: { GET(request: Request): Promise<Response>; POST(request: Request): Promise<Response> };
  /** The request that the App Router is answering. `login` and `logout` redirect and never return. */
  current(): Promise<CurrentRequest<Data>>;
  /** The session of the current request; without one, Next redirects to sign in. Never returns null. */
  requireCurrent(options?: { returnTo?: string }): Promise<AuthSession<Data>>;
}

/** A request that a handler answers with a Response, or one of a page or an action, whose replies redirect. */
type CurrentRequest<Data> = AuthRequest<Data, Response> | AuthRequest<Data, never>;

/** Loaded when a request needs it: loading takes Node several times as long as loading this package. */
const loadHeaders = lazily(() => import("next/headers.js"));

/** Redirects by Next's own means, which is to throw. */
async function redirect({ headers }: Reply): Promise<never> {
  const navigation = await import("next/navigation.js");
  return navigation.redirect(headers["location"] as string);
}

/** The cookies of a route handler; undefined outside the App Router, such as in an edge API route or a test. */
async function handlerStore(): Promise<CookieStore | undefined> {
  const { cookies } = await loadHeaders();
  try {
    return await cookies();
  } catch (error) {
    // Next's own signals have a digest, and must reach Next.
    if ("digest" in (error as object)) throw error;
    return undefined;
  }
}

/** Opens a request of a page or an action, from what `next/headers` gives. */
async function openCurrent<Data>(
  { relyingParty, base }: Configured<Data>,
  store: CookieStore,
  headers: Headers,
): Promise<CurrentRequest<Data>> {
  if (headers.entries().next().done) {
    throw new MisuseError(
      "invalid_config",
      'remove dynamic = "force-static": this page reads the session of its visitor',
    );
  }
  const request: RequestView = {
    method: "GET",
    url: `${base}/`,
    headers: {
      get: (name) => (name === "cookie" ? cookieHeaderOf(store, headers.get(name) ?? "") : headers.get(name)),
    },
  };
  // A Next server that follows the redirect of an action itself throws away the cookies that are written here.
  const isOpen = !headers.has("x-action-redirect");
  return relyingParty.open(request, createStoreWriter(store, isOpen, redirect));
}

/** The requests that the App Router is answering, by what `cookies()` gives: one object for a render, another after an action changed it. */
class CurrentRequests<Data> {
  readonly #requests = new WeakMap<object, Promise<CurrentRequest<Data>>>();

  set(store: CookieStore, request: CurrentRequest<Data>): void {
    this.#requests.set(store, Promise.resolve(request));
  }

  async get(configured: () => Configured<Data>): Promise<CurrentRequest<Data>> {
    const { cookies, headers } = await loadHeaders();
    // Called first: it tells Next that the page is made for one visitor, before a clock or randomness is read.
    const store = await cookies();
    // Stored before anything is awaited: calls side by side share one request, and undo nothing of each other's writes.
    const opened = this.#requests.get(store) ?? headers().then((current) => openCurrent(configured(), store, current));
    this.#requests.set(store, opened);
    return opened;
  }
}

/** Serves the requests of route handlers, and answers what Next's `notFound()` and its like throw. */
class HandlerResponses {
  /** The writers of the requests that handlers serve. */
  readonly #writers = new WeakMap<Request, WebWriter>();

  add(request: Request, writer: WebWriter): void {
    this.#writers.set(request, writer);
  }

  /**
   * Next makes the responses of `redirect()` and `notFound()`, which throw. Cookies that were written must not be lost, least
   * of all a new refresh token. Next keeps the cookies of the store with a redirect alone: the other responses are made here.
   */
  keepCookies<Rest extends unknown[]>(
    handler: (request: Request, ...rest: Rest) => Response | Promise<Response>,
  ): (request: Request, ...rest: Rest) => Promise<Response> {
    mustBeHandler(handler, "wrap");
    return async (request, ...rest) => {
      try {
        return await handler(request, ...rest);
      } catch (error) {
        return this.#answerThrown(request, error);
      }
    };
  }

  async #answerThrown(request: Request, error: unknown): Promise<Response> {
    const { digest } = (error ?? {}) as { digest?: unknown };
    const [, status] = /^NEXT_HTTP_ERROR_FALLBACK;(\d{3})$/.exec(`${digest}`) ?? [];
    if (status) return new Response(null, { status: Number(status) });
    const store = await handlerStore();
    if (store) storeCookies(store, this.#writers.get(request)?.lines() ?? []);
    throw error;
  }
}

/** Answers the routes alone: any other request has come under a path that is not the configured one. */
async function answerElsewhere<Data>(request: Request, { config, base }: Configured<Data>): Promise<Response> {
  const path = base + pathOf(toRequestView(request));
  if (path.startsWith(`${base}${config.mount}/`)) return new Response(null, { status: 404 });
  throw new MisuseError("invalid_config", `these handlers answer ${path}: set mount to the folder of their route.ts`);
}

export function createAppRouter<Data>(configured: () => Configured<Data>): AppRouter<Data> {
  const current = new CurrentRequests<Data>();
  const responses = new HandlerResponses();
  const serving = createServing<Data>(async (request, writer, waitUntil) => {
    const { relyingParty, base } = configured();
    const opened = await relyingParty.open(toRequestView(request, base, waitUntil), writer);
    responses.add(request, writer);
    // The current request inside the handler is this one.
    const store = writer.canWrite() ? await handlerStore() : undefined;
    if (store) current.set(store, opened);
    return opened;
  });
  const handler = serving.wrap((request) => answerElsewhere(request, configured()));
  return {
    ...serving,
    wrap: (handler) => serving.wrap(responses.keepCookies(handler)),
    requireSession: (handler) => serving.requireSession(responses.keepCookies(handler)),
    handlers: { GET: handler, POST: handler },
    current: () => current.get(configured),
    async requireCurrent({ returnTo } = {}) {
      const request = await current.get(configured);
      const location = () => loginUrl(AuthRequest.contextOf(request), returnTo);
      return request.session ?? redirect({ status: 302, headers: { location: location() }, body: null });
    },
  };
}
