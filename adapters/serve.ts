import type { Awaitable } from "../core/awaitable.js";
import type { AuthSession, Visit } from "../core/relying-party/visit.js";
import { type PresentAuth, present } from "./present.js";
import { createOutlet, type WebOutlet } from "./web.js";

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
  /** The routes under `mount`, and around all else a handler that knows who is signed in. Its response gets what was written. */
  wrap<Rest extends unknown[]>(handler: Handler<Data, Rest>): (request: Request, ...rest: Rest) => Promise<Response>;
  /** The same for signed-in requests alone: 401 JSON for API calls, a redirect to sign in for page navigations. */
  requireSession<Rest extends unknown[]>(
    handler: Handler<Data, Rest>,
  ): (request: Request, ...rest: Rest) => Promise<Response>;
  /** Who is signed in, or null. */
  getSession(request: Request): Promise<AuthSession<Data> | null>;
  /** What there is of a request: where it is not being served, nothing can be written. */
  visit(request: Request): Promise<Visit<Data>>;
}

/** Serves requests that `open` opens. */
export function createServing<Data>(
  open: (request: Request, outlet: WebOutlet) => Awaitable<Visit<Data>>,
): Serving<Data> {
  type Open = { readonly visit: Visit<Data>; readonly outlet: WebOutlet };
  /** Requests that are being served. */
  const served = new WeakMap<Request, Open>();

  async function serve(request: Request, respond: (open: Open) => Response | Promise<Response>): Promise<Response> {
    const outer = served.get(request);
    if (outer) return respond(outer);
    const outlet = createOutlet();
    const visit = await open(request, outlet);
    const reply = await visit.route();
    if (reply) return outlet.send(reply);
    await visit.roll();
    const opened = { visit, outlet };
    served.set(request, opened);
    try {
      return outlet.apply(await respond(opened));
    } finally {
      served.delete(request);
    }
  }

  const around =
    (guarded: boolean): Serving<Data>["wrap"] =>
    (handler) =>
    (request, ...rest) =>
      serve(request, ({ visit, outlet }) => {
        const reply = guarded && visit.guard();
        return reply ? outlet.send(reply) : handler(request, present(visit, outlet), ...rest);
      });

  const visit: Serving<Data>["visit"] = async (request) =>
    served.get(request)?.visit ?? open(request, createOutlet({ open: false }));

  return {
    wrap: around(false),
    requireSession: around(true),
    getSession: async (request) => (await visit(request)).session(),
    visit,
  };
}
