import type { TokenRequest } from "../core/exchange/token-life.js";
import type { FetchInit } from "../core/ports.js";
import { createRelyingParty } from "../core/relying-party/relying-party.js";
import type { LoginOptions } from "../core/relying-party/sign-in.js";
import type { LogoutOptions } from "../core/relying-party/sign-out.js";
import type { AuthSession, Visit } from "../core/relying-party/visit.js";
import { type AuthOptions, resolveConfig } from "./config.js";
import { portsOf } from "./ports.js";
import { type PresentAuth, present } from "./present.js";
import { createOutlet, toRequestView, type WebOutlet } from "./web.js";

export { CookieTooLargeError, ExchangeError, type ExchangeErrorCode, MisuseError } from "../core/errors.js";
export type { LatchkeyEvent } from "../core/events.js";
export { auth0 } from "../core/provider/auth0.js";
export type { User } from "../core/relying-party/config.js";
export type { AuthOptions, AuthSession, LoginOptions, LogoutOptions, TokenRequest };

/** {@link createAuth}'s options: those of every adapter, and where `LATCHKEY_*` variables come from. */
export interface EdgeOptions<Data = Record<string, unknown>> extends AuthOptions<Data> {
  /** `process.env` on Bun, `Deno.env.toObject()`, the `env` of a Worker. @default none: everything is in the options */
  env?: object;
}

/** What a handler is given besides its request. `login` and `logout` give the response to return. */
export type RequestAuth<Data = Record<string, unknown>> = PresentAuth<Data, Response>;

/** A handler that is told who is signed in. What a runtime passes besides the request comes last. */
export type Handler<Data, Rest extends unknown[]> = (
  request: Request,
  auth: RequestAuth<Data>,
  ...rest: Rest
) => Response | Promise<Response>;

/** Sign-in and sessions for whatever maps a Request to a Response. */
export interface Auth<Data> {
  /** Answers the routes under `mount`; anything else is 404. */
  handler(request: Request): Promise<Response>;
  /** The routes under `mount`, and around all else a handler that knows who is signed in. Its response gets what was written. */
  wrap<Rest extends unknown[]>(handler: Handler<Data, Rest>): (request: Request, ...rest: Rest) => Promise<Response>;
  /** The same for signed-in requests alone: 401 JSON for API calls, a redirect to sign in for page navigations. */
  requireSession<Rest extends unknown[]>(
    handler: Handler<Data, Rest>,
  ): (request: Request, ...rest: Rest) => Promise<Response>;
  /** Who is signed in, or null. */
  getSession(request: Request): Promise<AuthSession<Data> | null>;
  /** A valid access token. Outside `wrap` nothing can be written, so none is refreshed: `refresh_required`. @throws ExchangeError */
  accessToken(request: Request, options?: TokenRequest): Promise<string>;
  /** `fetch` with the access token, to `apiOrigins` only. @throws MisuseError, ExchangeError */
  fetch(request: Request, url: string | URL, init?: RequestInit, options?: TokenRequest): Promise<Response>;
  /** Inside `wrap`: merges a patch into `session.data`, or applies a function to it. @throws MisuseError, CookieTooLargeError */
  update(request: Request, change: Partial<Data> | ((data: Data) => Data)): Promise<void>;
}

/**
 * Sign-in and sessions for Cloudflare Workers, Vercel Edge, Deno, Bun, Hono and others.
 * @throws MisuseError (`ERR_CONFIG`) at once when the configuration is wrong or incomplete; the message names the variable.
 */
export function createAuth<Data = Record<string, unknown>>(options: EdgeOptions<Data>): Auth<Data> {
  const config = resolveConfig(options, (options.env ?? {}) as Record<string, string | undefined>);
  const relyingParty = createRelyingParty(config, portsOf(options));
  type Open = { readonly visit: Visit<Data>; readonly outlet: WebOutlet };
  /** Requests that `wrap` is serving. */
  const served = new WeakMap<Request, Open>();

  async function open(request: Request, outlet: WebOutlet): Promise<Open> {
    return { visit: await relyingParty.visit(toRequestView(request), outlet), outlet };
  }

  /** What there is of a request: where it is not being served, nothing can be written. */
  const known = async (request: Request): Promise<Visit<Data>> =>
    (served.get(request) ?? (await open(request, createOutlet(false)))).visit;

  async function serve(request: Request, respond: (open: Open) => Response | Promise<Response>): Promise<Response> {
    const outer = served.get(request);
    if (outer) return respond(outer);
    const opened = await open(request, createOutlet());
    const reply = await opened.visit.route();
    if (reply) return opened.outlet.send(reply);
    await opened.visit.roll();
    served.set(request, opened);
    try {
      return opened.outlet.apply(await respond(opened));
    } finally {
      served.delete(request);
    }
  }

  const wrap: Auth<Data>["wrap"] =
    (handler) =>
    (request, ...rest) =>
      serve(request, ({ visit, outlet }) => handler(request, present(visit, outlet.send), ...rest));

  return {
    wrap,
    handler: wrap(() => new Response(null, { status: 404 })),
    requireSession(handler) {
      const inner = wrap(handler);
      return (request, ...rest) =>
        serve(request, ({ visit, outlet }) => {
          const reply = visit.guard();
          return reply ? outlet.send(reply) : inner(request, ...rest);
        });
    },
    getSession: async (request) => (await known(request)).session,
    accessToken: async (request, asked) => (await known(request)).accessToken(asked),
    fetch: async (request, url, init, asked) => (await known(request)).fetch(url, init as FetchInit | undefined, asked),
    update: async (request, change) => (await known(request)).update(change),
  };
}
