import type { Awaitable } from "../../core/awaitable.js";
import type { AuthSession, Visit } from "../../core/relying-party/visit.js";
import { type PresentAuth, present } from "./present.js";
import { type WaitUntil, waitUntilIn } from "./wait-until.js";
import { createWebWriter, type WebWriter } from "./web-writer.js";

/** What a handler is given besides its request. `login` and `logout` give the response to return. */
export type RequestAuth<Data = Record<string, unknown>> = PresentAuth<Data, Response>;

/** A handler that is told who is signed in. What a runtime passes besides the request comes last. */
export type Handler<Data, Rest extends unknown[]> = (
  request: Request,
  auth: RequestAuth<Data>,
  ...rest: Rest
) => Response | Promise<Response>;

/** Sign-in and sessions around handlers that map a Request to a Response. */
export interface Serving<Data> {
  /**
   * The routes under `mount`, and around all else a handler that knows who is signed in. Its response gets what was written,
   * and so does a Response that it throws. When it throws anything else, what was written goes onto the response of the next
   * handler that serves the same Request, as frameworks do for an error page, or onto the one that `finish` is given.
   */
  wrap<Rest extends unknown[]>(handler: Handler<Data, Rest>): (request: Request, ...rest: Rest) => Promise<Response>;
  /** The same for signed-in requests alone: 401 JSON for API calls, a redirect to sign in for page navigations. */
  requireSession<Rest extends unknown[]>(
    handler: Handler<Data, Rest>,
  ): (request: Request, ...rest: Rest) => Promise<Response>;
  /** Who is signed in, or null. */
  getSession(request: Request): Promise<AuthSession<Data> | null>;
  /** What there is of a request: where it is not being served, nothing can be written. */
  visit(request: Request): Promise<Visit<Data>>;
  /** The response that an error handler outside of `wrap` made for a request, with what was written before the handler threw. */
  finish(request: Request, response: Response): Response;
}

/** A Response of any realm: some frameworks throw redirects. Whatever else was thrown may be anything. */
function isResponse(thrown: unknown): thrown is Response {
  try {
    const { headers, status } = thrown as Response;
    return typeof headers.getSetCookie === "function" && typeof status === "number";
  } catch {
    return false;
  }
}

/** Serves requests that `open` opens. */
export function createServing<Data>(
  open: (request: Request, outlet: WebWriter, waitUntil?: WaitUntil) => Awaitable<Visit<Data>>,
): Serving<Data> {
  interface Served {
    readonly visit: Visit<Data>;
    readonly outlet: WebWriter;
    /** A handler makes its response now. Otherwise one threw, and its response is still to be made. */
    isActive: boolean;
  }
  const served = new WeakMap<Request, Served>();

  /** Has a handler make the response of an opened request, and puts on it what was written. */
  async function respondWith(
    request: Request,
    opened: Served,
    respond: (opened: Served) => Response | Promise<Response>,
  ): Promise<Response> {
    const { outlet } = opened;
    opened.isActive = true;
    outlet.setOpen(true);
    try {
      const response = outlet.apply(await respond(opened));
      served.delete(request);
      return response;
    } catch (error) {
      opened.isActive = false;
      outlet.setOpen(false);
      throw isResponse(error) ? finish(request, error) : error;
    }
  }

  async function serve(
    request: Request,
    passed: readonly unknown[],
    respond: (opened: Served) => Response | Promise<Response>,
  ): Promise<Response> {
    const before = served.get(request);
    if (before) return before.isActive ? respond(before) : respondWith(request, before, respond);
    const outlet = createWebWriter({ isGone: () => request.signal?.aborted === true });
    const visit = await open(request, outlet, waitUntilIn(passed));
    const reply = await visit.route();
    if (reply) return outlet.send(reply);
    await visit.roll();
    const opened = { visit, outlet, isActive: false };
    served.set(request, opened);
    return respondWith(request, opened, respond);
  }

  const around =
    (guarded: boolean): Serving<Data>["wrap"] =>
    (handler) =>
    (request, ...rest) =>
      serve(request, rest, ({ visit, outlet }) => {
        const reply = guarded && visit.guard();
        return reply ? outlet.send(reply) : handler(request, present(visit, outlet), ...rest);
      });

  const visit: Serving<Data>["visit"] = async (request) =>
    served.get(request)?.visit ?? open(request, createWebWriter({ open: false }));

  function finish(request: Request, response: Response): Response {
    const opened = served.get(request);
    if (!opened || opened.isActive) return response;
    const finished = opened.outlet.apply(response);
    served.delete(request);
    return finished;
  }

  return {
    wrap: around(false),
    requireSession: around(true),
    getSession: async (request) => (await visit(request)).session(),
    visit,
    finish,
  };
}
