import type { IncomingMessage, ServerResponse } from "node:http";
import type { Request, RequestHandler } from "express";
import { type Awaitable, chain, isPromise } from "../core/awaitable.js";
import { trimBlanks } from "../core/cookie/header.js";
import { MisuseError, must } from "../core/errors.js";
import type { TokenRequest } from "../core/exchange/token-set.js";
import type { RegisteredData } from "../core/register.js";
import { AuthRequest } from "../core/relying-party/auth-request.js";
import { createRelyingParty } from "../core/relying-party/relying-party.js";
import type { AuthSession } from "../core/relying-party/request-auth.js";
import type { LoginOptions } from "../core/relying-party/sign-in.js";
import type { LogoutOptions } from "../core/relying-party/sign-out.js";
import type { VerifiedAccessToken } from "../core/resource-server/access-token.js";
import { type AccessTokenOptions, createCheck } from "./lib/access-token.js";
import { mustBeOptions } from "./lib/checks.js";
import { type AuthOptions, resolveConfig } from "./lib/config.js";
import { authorizationOf, toRequestView } from "./lib/node-request.js";
import { answer, createNodeWriter } from "./lib/node-writer.js";
import type { RequestAuth as AnyRequestAuth } from "./lib/request-auth.js";
import { serverPortsOf } from "./lib/server-ports.js";

export {
  CookieTooLargeError,
  ExchangeError,
  type ExchangeErrorCode,
  LatchkeyError,
  type MisuseCode,
  MisuseError,
} from "../core/errors.js";
export type { LatchkeyEvent } from "../core/events.js";
export type { ShapedUser, User, UserClaims } from "../core/exchange/user.js";
export { auth0 } from "../core/provider/auth0.js";
export type { AccessTokenClaims } from "../core/resource-server/access-token.js";
export type { AccessTokenRefusal } from "../core/resource-server/bearer.js";
export type {
  AccessTokenOptions,
  AuthOptions,
  AuthSession,
  LoginOptions,
  LogoutOptions,
  TokenRequest,
  VerifiedAccessToken,
};

/**
 * `req.auth`: the session of a request, and what an app can do with it. `login` and `logout` answer the request. Methods work
 * when they are taken off (`const { update } = req.auth`); a copy (`{ ...req.auth }`) is empty.
 */
export type RequestAuth<Data = RegisteredData> = AnyRequestAuth<Data, void>;

declare global {
  namespace Express {
    interface Request {
      /** Put there by latchkey's `auth()`. */
      auth: RequestAuth;
      /** Put there by latchkey's `verifyAccessToken()`. */
      accessToken: VerifiedAccessToken;
    }
  }
}

/** Middleware of Express, and of anything else that has Node's request and response, such as `node:http` by itself. */
export type Middleware = ((req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void) &
  RequestHandler;

/** `app` is what Express puts there. */
type AnyRequest = IncomingMessage & {
  readonly app?: Request["app"];
  auth?: RequestAuth;
  accessToken?: VerifiedAccessToken;
};

/**
 * Sign-in and sessions for Express 4 and 5, or `node:http`: the routes under `mount`, and `req.auth` for all that comes after.
 * @throws MisuseError (`invalid_config`) at once when the configuration is wrong or incomplete; the message names the variable.
 */
export function auth<Data = RegisteredData>(options: AuthOptions<Data> = {}): Middleware {
  mustBeOptions(options, "auth");
  const relyingParty = createRelyingParty(resolveConfig(options, process.env), serverPortsOf(options));

  return (req: AnyRequest, res: ServerResponse, next: (error?: unknown) => void) => {
    // Called after the try block, so that an error in the app's own code is not caught here and passed to `next` again.
    let then: Awaitable<typeof next | undefined>;
    try {
      const writer = createNodeWriter(res, req);
      then = chain(relyingParty.open(toRequestView(req, forwarded(req)), writer), (request) =>
        chain(request.route(), (reply) => {
          if (reply) return void writer.send(reply);
          req.auth = request as AuthRequest<unknown, void> as RequestAuth;
          return chain(request.roll(), () => next);
        }),
      );
    } catch (error) {
      return next(error);
    }
    if (isPromise(then)) then.then((go) => go?.(), next);
    else then?.();
  };
}

/** Lets only signed-in requests pass: 401 JSON for API calls, a redirect to sign in for page navigations. */
export function requireSession(...none: never[]): Middleware {
  must(none.length === 0, "call it: requireSession()");
  return (req: AnyRequest, _res: unknown, next: (error?: unknown) => void) => {
    if (!req.auth || !AuthRequest.is(req.auth)) {
      return next(new MisuseError("invalid_config", "app.use(auth()) must come before requireSession()"));
    }
    if (!req.auth.answersGuard()) next();
  };
}

/**
 * Lets only requests with a valid access token (JWT) of the provider through, sent as `Authorization: Bearer` (RFC 6750), and
 * puts it at `req.accessToken`. All others get 401, 400, 403 or 503. An API that serves pages of other origins puts its CORS
 * middleware before it: preflights carry no token.
 *
 * ```ts
 * app.get("/shows", verifyAccessToken({ issuer, audience, scope: "read:shows" }), (req, res) => {
 *   res.json({ for: req.accessToken.claims.sub });
 * });
 * ```
 * @throws MisuseError (`invalid_config`) at once when an option is wrong or missing; the message names the variable.
 */
export function verifyAccessToken(options: AccessTokenOptions = {}): Middleware {
  mustBeOptions(options, "verifyAccessToken");
  const check = createCheck(options, process.env);
  return (req: AnyRequest, res: ServerResponse, next: (error?: unknown) => void) => {
    // Called outside of what is caught, as in `auth`.
    check(authorizationOf(req))
      .then((verdict) => {
        if ("reply" in verdict) return void answer(res, verdict.reply);
        req.accessToken = verdict.access;
        return next;
      })
      .then((go) => go?.(), next);
  };
}

/** The host a trusted proxy was asked for: only where the app's `trust proxy` setting says so. */
function forwarded(req: AnyRequest): { host: string | undefined } | undefined {
  const host = req.headers["x-forwarded-host"];
  if (host === undefined) return undefined;
  const trusts = req.app?.get("trust proxy fn") as ((address: string | undefined, hop: number) => boolean) | undefined;
  return trusts?.(req.socket.remoteAddress, 0)
    ? { host: trimBlanks(String(host).split(",", 1)[0] as string) }
    : undefined;
}
