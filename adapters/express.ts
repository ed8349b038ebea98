import type { IncomingMessage, ServerResponse } from "node:http";
import type { Request, RequestHandler } from "express";
import { MisuseError } from "../core/errors.js";
import type { TokenRequest } from "../core/exchange/token-life.js";
import { createRelyingParty } from "../core/relying-party/relying-party.js";
import type { LoginOptions } from "../core/relying-party/sign-in.js";
import type { LogoutOptions } from "../core/relying-party/sign-out.js";
import type { AuthSession, Visit } from "../core/relying-party/visit.js";
import { type AuthOptions, resolveConfig } from "./config.js";
import { createOutlet, type NodeOutlet, toRequestView } from "./node.js";
import { portsOf } from "./ports.js";
import { type PresentAuth, present } from "./present.js";

export { CookieTooLargeError, ExchangeError, type ExchangeErrorCode, MisuseError } from "../core/errors.js";
export type { LatchkeyEvent } from "../core/events.js";
export { auth0 } from "../core/provider/auth0.js";
export type { User } from "../core/relying-party/config.js";
export type { AuthOptions, AuthSession, LoginOptions, LogoutOptions, TokenRequest };

/** `req.auth`: the session of a request, and what can be done with it. `login` and `logout` answer the request. */
export type RequestAuth<Data = Record<string, unknown>> = PresentAuth<Data, void>;

declare global {
  namespace Express {
    interface Request {
      /** Put there by latchkey's `auth()`. */
      auth: RequestAuth;
    }
  }
}

/** Middleware of Express, and of anything else that has Node's request and response, such as `node:http` by itself. */
export type Middleware = ((req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void) &
  RequestHandler;

/** `app` is what Express puts there. */
type AnyRequest = IncomingMessage & { readonly app?: Request["app"]; auth?: RequestAuth };

/** What `requireSession` needs of a request that `auth()` has seen. */
const visits = new WeakMap<object, { readonly visit: Pick<Visit<unknown>, "guard">; readonly outlet: NodeOutlet }>();

/**
 * Sign-in and sessions for Express 4 and 5, or `node:http`: the routes under `mount`, and `req.auth` for all that comes after.
 * @throws MisuseError (`ERR_CONFIG`) at once when the configuration is wrong or incomplete; the message names the variable.
 */
export function auth<Data = Record<string, unknown>>(options: AuthOptions<Data> = {}): Middleware {
  const relyingParty = createRelyingParty(resolveConfig(options, process.env), portsOf(options));

  return async (req: AnyRequest, res: ServerResponse, next: (error?: unknown) => void) => {
    try {
      const outlet = createOutlet(res, req);
      const visit = await relyingParty.visit(toRequestView(req, forwardedHost(req)), outlet);
      const reply = await visit.route();
      if (reply) return outlet.send(reply);
      await visit.roll();
      visits.set(req, { visit, outlet });
      req.auth = present(visit, outlet.send) as unknown as RequestAuth;
      next();
    } catch (error) {
      next(error);
    }
  };
}

/** Lets only signed-in requests through: 401 JSON for API calls, a redirect to sign in for page navigations. */
export function requireSession(): Middleware {
  return (req: object, _res: unknown, next: (error?: unknown) => void) => {
    const known = visits.get(req);
    if (!known) return next(new MisuseError("ERR_CONFIG", "app.use(auth()) must come before requireSession()"));
    const reply = known.visit.guard();
    if (!reply) return next();
    known.outlet.send(reply);
  };
}

/** The host a trusted proxy was asked for: only where the app's `trust proxy` setting says so. */
function forwardedHost(req: AnyRequest): string | undefined {
  const trusts = req.app?.get("trust proxy fn") as ((address: string | undefined, hop: number) => boolean) | undefined;
  const host = req.headers["x-forwarded-host"];
  return host !== undefined && trusts?.(req.socket.remoteAddress, 0) ? String(host).split(",")[0]?.trim() : undefined;
}
