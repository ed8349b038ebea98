import { MisuseError } from "../../core/errors.js";
import { loginUrl, type VisitContext } from "../../core/relying-party/context.js";
import { type AuthSession, createVisit, type Visit } from "../../core/relying-party/visit.js";
import { pathOf } from "../../core/request/reading.js";
import type { Reply } from "../../core/request/response.js";
import type { RequestView } from "../../core/request/view.js";
import { createServing, type Serving } from "../lib/serve.js";
import { toRequestView } from "../lib/web-request.js";
import type { WebWriter } from "../lib/web-writer.js";
import { type Configured, lazily } from "./configured.js";
import { type CookieStore, cookieHeaderOf, createStoreWriter, storeCookies } from "./cookie-store.js";

/** One request of the App Router. */
interface Open<Data> {
  readonly context: VisitContext<Data>;
  readonly visit: Visit<Data>;
}

/** The App Router: pages, layouts, server actions and route handlers. */
export interface AppRouter<Data> extends Serving<Data> {
  handlers: { GET(request: Request): Promise<Response>; POST(request: Request): Promise<Response> };
  /** The request that is being answered, wherever in the App Router that is. */
  here(): Promise<Visit<Data>>;
  /** The session of the request that is being answered; without one, Next sends people to sign in. Never returns null. */
  required(options?: { returnTo?: string }): Promise<AuthSession<Data>>;
  /** Sends the browser where a reply says. Never returns. */
  redirect(reply: Reply): Promise<never>;
}

/** Loaded when a request needs it: it takes Node several times as long as all of this package. */
const loadHeaders = lazily(() => import("next/headers.js"));

/** The cookies of a route handler; undefined where it is none of the App Router's, such as an edge API route or a test. */
async function handlerStore(): Promise<CookieStore | undefined> {
  const { cookies } = await loadHeaders();
  try {
    return await cookies();
  } catch (error) {
    // Next's own signals have a digest, and must reach it.
    if ("digest" in (error as object)) throw error;
    return undefined;
  }
}

export function createAppRouter<Data>(configured: () => Configured<Data>): AppRouter<Data> {
  /** By what `cookies()` gives: one object for a render, and another once an action has changed it. */
  const known = new WeakMap<object, Promise<Open<Data>>>();

  async function openHere(store: CookieStore, headers: Headers): Promise<Open<Data>> {
    if (headers.entries().next().done) {
      throw new MisuseError(
        "invalid_config",
        'remove dynamic = "force-static": this page reads the session of its visitor',
      );
    }
    const { relyingParty, base } = configured();
    const request: RequestView = {
      method: "GET",
      url: `${base}/`,
      headers: {
        get: (name) => (name === "cookie" ? cookieHeaderOf(store, headers.get(name) ?? "") : headers.get(name)),
      },
    };
    // A Next server that follows an action's redirect for itself throws away what is written here.
    const context = await relyingParty.open(request, createStoreWriter(store, !headers.has("x-action-redirect")));
    return { context, visit: createVisit(context) };
  }

  async function open(): Promise<Open<Data>> {
    const { cookies, headers } = await loadHeaders();
    // First of all: it tells Next that this is made for one visitor, before a clock or randomness is asked.
    const store = await cookies();
    // Known before anything is waited for: calls side by side are one visit, so that neither undoes what the other wrote.
    const opened = known.get(store) ?? headers().then((given) => openHere(store, given));
    known.set(store, opened);
    return opened;
  }

  /** What is to be put on the responses of handlers. */
  const outlets = new WeakMap<Request, WebWriter>();

  const serving = createServing<Data>(async (request, outlet, waitUntil) => {
    const { relyingParty, base } = configured();
    const context = await relyingParty.open(toRequestView(request, base, waitUntil), outlet);
    const visit = createVisit(context);
    outlets.set(request, outlet);
    // What is asked for without a request, inside the handler, is this one.
    const store = outlet.canWrite() ? await handlerStore() : undefined;
    if (store) known.set(store, Promise.resolve({ context, visit }));
    return visit;
  });

  /**
   * Next makes the responses of `redirect()` and `notFound()`, which throw: what was written must not be lost, a new refresh
   * token least. It keeps the store's cookies with a redirect, and with no other: those are answered here, as it would.
   */
  const keeping =
    (around: Serving<Data>["wrap"]): Serving<Data>["wrap"] =>
    (handler) =>
      around(async (request, ...rest) => {
        try {
          return await handler(request, ...rest);
        } catch (error) {
          const [, status] =
            /^NEXT_HTTP_ERROR_FALLBACK;(\d{3})$/.exec(`${(error as { digest?: unknown })?.digest}`) ?? [];
          if (status) return new Response(null, { status: Number(status) });
          const store = await handlerStore();
          if (store) storeCookies(store, outlets.get(request)?.lines() ?? []);
          throw error;
        }
      });

  /** Only the routes: what else comes here is asked for under another path than the configuration says. */
  const handler = serving.wrap(async (request) => {
    const { config, base } = configured();
    const path = base + pathOf(toRequestView(request));
    if (path.startsWith(`${base}${config.mount}/`)) return new Response(null, { status: 404 });
    throw new MisuseError("invalid_config", `these handlers answer ${path}: set mount to the folder of their route.ts`);
  });

  const redirect: AppRouter<Data>["redirect"] = async ({ headers }) => {
    const navigation = await import("next/navigation.js");
    return navigation.redirect(headers["location"] as string);
  };

  return {
    ...serving,
    wrap: keeping(serving.wrap),
    requireSession: keeping(serving.requireSession),
    handlers: { GET: handler, POST: handler },
    here: async () => (await open()).visit,
    redirect,
    async required({ returnTo } = {}) {
      const { context, visit } = await open();
      return (
        visit.session() ?? redirect({ status: 302, headers: { location: loginUrl(context, returnTo) }, body: null })
      );
    },
  };
}
