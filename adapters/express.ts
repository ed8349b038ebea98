import type { Request, RequestHandler } from "express";
import { MisuseError } from "../core/errors.js";
import type { TokenRequest } from "../core/exchange/token-life.js";
import type { FetchInit } from "../core/ports.js";
import { createRelyingParty } from "../core/relying-party/relying-party.js";
import type { LoginOptions } from "../core/relying-party/sign-in.js";
import type { LogoutOptions } from "../core/relying-party/sign-out.js";
import type { AuthSession, Visit } from "../core/relying-party/visit.js";
import { type AuthOptions, resolveConfig } from "./config.js";
import { createOutlet, type NodeOutlet, toRequestView } from "./node.js";
import { portsOf } from "./ports.js";

export { CookieTooLargeError, ExchangeError, type ExchangeErrorCode, MisuseError } from "../core/errors.js";
export type { LatchkeyEvent } from "../core/events.js";
export { auth0 } from "../core/provider/auth0.js";
export type { User } from "../core/relying-party/config.js";
export type { AuthOptions, AuthSession, LoginOptions, LogoutOptions, TokenRequest };

/** `req.auth`: the session of a request, and what can be done with it. */
export interface RequestAuth<Data = Record<string, unknown>> {
  /** Who is signed in, or null. */
  readonly session: AuthSession<Data> | null;
  /** Why there is no session, when there were cookies that could have been one. For logs. */
  readonly reason: Visit<Data>["reason"];
  /** Merges a patch into `session.data`, or applies a function to it. @throws MisuseError, CookieTooLargeError */
  update(change: Partial<Data> | ((data: Data) => Data)): Promise<void>;
  /** A valid access token, refreshed when it is due. @throws ExchangeError */
  accessToken(request?: TokenRequest): Promise<string>;
  /** `fetch` with the access token, to `apiOrigins` only; a 401 is tried once more after a refresh. @throws MisuseError, ExchangeError */
  fetch(url: string | URL, init?: RequestInit, request?: TokenRequest): Promise<globalThis.Response>;
  /** Answers by sending the browser to sign in. */
  login(options?: LoginOptions): Promise<void>;
  /** Signs out here and at the provider, and answers by sending the browser there. */
  logout(options?: LogoutOptions): Promise<void>;
}

declare global {
  namespace Express {
    interface Request {
      /** Put there by latchkey's `auth()`. */
      auth: RequestAuth;
    }
  }
}

/** What `requireSession` needs of a request that `auth()` has seen. */
const visits = new WeakMap<object, { readonly visit: Pick<Visit<unknown>, "guard">; readonly outlet: NodeOutlet }>();

/**
 * Sign-in and sessions for Express 4 and 5: the routes under `mount`, and `req.auth` for all that comes after.
 * @throws MisuseError (`ERR_CONFIG`) at once when the configuration is wrong or incomplete; the message names the variable.
 */
export function auth<Data = Record<string, unknown>>(options: AuthOptions<Data> = {}): RequestHandler {
  const relyingParty = createRelyingParty(resolveConfig(options, process.env), portsOf(options));

  return async (req, res, next) => {
    try {
      const outlet = createOutlet(res);
      const visit = await relyingParty.visit(toRequestView(req, forwardedHost(req)), outlet);
      const plan = await visit.route();
      if (plan.kind === "reply") return outlet.send(plan);
      await visit.roll();
      visits.set(req, { visit, outlet });
      req.auth = present(visit, outlet) as unknown as RequestAuth;
      next();
    } catch (error) {
      next(error);
    }
  };
}

/** Lets only signed-in requests through: 401 JSON for API calls, a redirect to sign in for page navigations. */
export function requireSession(): RequestHandler {
  return (req, _res, next) => {
    const known = visits.get(req);
    if (!known) return next(new MisuseError("ERR_CONFIG", "app.use(auth()) must come before requireSession()"));
    const plan = known.visit.guard();
    if (plan.kind === "pass") return next();
    known.outlet.send(plan);
  };
}

function present<Data>(visit: Visit<Data>, outlet: NodeOutlet): RequestAuth<Data> {
  return {
    get session() {
      return visit.session;
    },
    get reason() {
      return visit.reason;
    },
    update: (change) => visit.update(change),
    accessToken: (request) => visit.accessToken(request),
    fetch: (url, init, request) =>
      visit.fetch(String(url), init as FetchInit | undefined, request) as Promise<globalThis.Response>,
    login: async (options) => outlet.send(await visit.login(options)),
    logout: async (options) => outlet.send(await visit.logout(options)),
  };
}

/** The host a trusted proxy was asked for: only where the app's `trust proxy` setting says so. */
function forwardedHost(req: Request): string | undefined {
  const trusts = req.app.get("trust proxy fn") as ((address: string | undefined, hop: number) => boolean) | undefined;
  const host = req.headers["x-forwarded-host"];
  return host !== undefined && trusts?.(req.socket.remoteAddress, 0) ? String(host).split(",")[0]?.trim() : undefined;
}
