import type { IncomingMessage, ServerResponse } from "node:http";
import { type Awaitable, chain, isPromise } from "../core/awaitable.js";
import { trimBlanks } from "../core/cookie/header.js";
import { MisuseError, must } from "../core/errors.js";
import { isObject } from "../core/is-object.js";
import type { RegisteredData } from "../core/register.js";
import { createRelyingParty } from "../core/relying-party/relying-party.js";
import { RelyingPartyRequest } from "../core/relying-party/relying-party-request.js";
import type { AuthSession } from "../core/relying-party/request-auth.js";
import { checkRequirement, type SessionRequirement } from "../core/relying-party/requirement.js";
import type { VerifiedAccessToken } from "../core/resource-server/access-token.js";
import { type AccessTokenOptions, createCheck } from "./lib/access-token.js";
import type { AuthOptions } from "./lib/auth-options.js";
import { mustBeOptions, notCalled } from "./lib/checks.js";
import { resolveConfig } from "./lib/config.js";
import { toAccessTokenRequest, toRequestView } from "./lib/node-request.js";
import { answer, createNodeWriter } from "./lib/node-writer.js";
import { type ProtectedResourceOptions, protectedResourceOf } from "./lib/protected-resource.js";
import type { RequestAuth as AnyRequestAuth } from "./lib/request-auth.js";
import { serverPortsOf } from "./lib/server-ports.js";

export * from "./lib/exports.js";

/**
 * `req.auth`: the session of a request, and the methods of an app on it. `login` and `logout` answer the request. Methods work
 * when they are taken off (`const { update } = req.auth`); a copy (`{ ...req.auth }`) is empty.
 */
export interface RequestAuth<Data = RegisteredData> extends AnyRequestAuth<Data, void> {}

/** A {@link RequestAuth} behind `requireSession()`: its session is not null. After `logout`, it has none all the same. */
export interface SignedInAuth<Data = RegisteredData> extends RequestAuth<Data> {
  readonly session: AuthSession<Data>;
}

/** Middleware for Node's request and response: `node:http` by itself, Express, Connect, Fastify's `req.raw`, Koa's `ctx.req`. */
export type Middleware = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void;

/** A request of Node behind `verifyAccessToken()`. */
export interface VerifiedMessage extends IncomingMessage {
  accessToken: VerifiedAccessToken;
}

/** The members that this package adds to a request, and the function of Express that has an app's settings. */
type ExtendedRequest = IncomingMessage & {
  readonly app?: { get?(setting: string): unknown };
  auth?: object;
  accessToken?: VerifiedAccessToken;
};

/**
 * Sign-in and sessions for `node:http` and the frameworks on top of it: middleware that answers the routes under `mount`, and
 * gives each request after it a {@link RequestAuth} (see {@link getAuth}).
 *
 * @example
 * ```ts
 * import { createServer } from "node:http";
 * import { auth, getAuth } from "latchkey/node";
 *
 * const signIn = auth();
 *
 * export const server = createServer((req, res) =>
 *   signIn(req, res, (error) => {
 *     if (error) return res.writeHead(500).end();
 *     res.end(getAuth(req).session ? "Signed in." : "Not signed in.");
 *   }),
 * );
 * ```
 * @throws MisuseError (`invalid_config`) at once when the configuration is wrong or incomplete; the message names the variable.
 */
export function auth<Data = RegisteredData>(options: AuthOptions<Data> = {}): Middleware {
  mustBeOptions(options, "auth");
  const relyingParty = createRelyingParty(resolveConfig(options, process.env), serverPortsOf(options));

  return (req: ExtendedRequest, res: ServerResponse, next: (error?: unknown) => void) => {
    // Called after the try block, so that an error in the app's own code is not caught here and passed to `next` again.
    let proceed: Awaitable<typeof next | undefined>;
    try {
      const writer = createNodeWriter(res, req);
      proceed = chain(relyingParty.open(toRequestView(req, { host: trustedHost }), writer), (request) =>
        chain(request.route(), (reply) => {
          if (reply) return void writer.send(reply);
          req.auth = request;
          return chain(request.roll(), () => next);
        }),
      );
    } catch (error) {
      return next(error);
    }
    proceedWith(proceed, next);
  };
}

/** Calls `next`, if a step gives it: outside of what is caught, so that an error of the app's own code is not passed to `next` again. */
function proceedWith(step: Awaitable<unknown>, next: (error?: unknown) => void): void {
  const proceed = (result: unknown) => result && next();
  if (isPromise(step)) step.then(proceed, next);
  else proceed(step);
}

/**
 * The {@link RequestAuth} of a request that went through {@link auth}: of Node's own request, which is `request.raw` in Fastify
 * and `ctx.req` in Koa.
 *
 * @example
 * ```ts
 * import type { IncomingMessage } from "node:http";
 * import { getAuth } from "latchkey/node";
 *
 * // A middleware of Koa, whose `ctx.req` is the request of Node.
 * export function me(ctx: { req: IncomingMessage; body: unknown }) {
 *   ctx.body = { user: getAuth(ctx.req).session?.user ?? null };
 * }
 * ```
 * @throws MisuseError (`invalid_config`) for a request that did not go through `auth()`
 */
export function getAuth<Data = RegisteredData>(req: IncomingMessage): RequestAuth<Data> {
  const { auth }: ExtendedRequest = req;
  if (!auth || !RelyingPartyRequest.is(auth)) throw notOpened("getAuth()");
  return auth as RelyingPartyRequest<Data, void>;
}

/**
 * The {@link SignedInAuth} of a request that {@link requireSession} let pass: like {@link getAuth}, but its session is not null.
 *
 * @example
 * ```ts
 * import type { IncomingMessage } from "node:http";
 * import { getSignedInAuth } from "latchkey/node";
 *
 * // A handler of Fastify behind a hook that calls the guard. `request.raw` is the request of Node.
 * export const invoices = async (request: { raw: IncomingMessage }) => ({
 *   user: getSignedInAuth(request.raw).session.user,
 * });
 * ```
 * @throws MisuseError (`no_session`) for a request without a session, (`invalid_config`) for one that did not go through `auth()`
 */
export function getSignedInAuth<Data = RegisteredData>(req: IncomingMessage): SignedInAuth<Data> {
  const auth = getAuth<Data>(req);
  if (auth.session) return auth as SignedInAuth<Data>;
  throw new MisuseError("no_session", "getSignedInAuth(): this request has no session. Call requireSession() before");
}

const notOpened = (caller: string) =>
  new MisuseError(
    "invalid_config",
    `${caller}: this request did not go through auth(). Call the middleware that auth() returns first, with Node's own request`,
  );

/**
 * Lets only signed-in requests pass: 401 JSON for API calls, a redirect to sign in for page navigations. Behind it,
 * {@link getSignedInAuth} gives a session that is not null.
 *
 * @example
 * ```ts
 * import { createServer } from "node:http";
 * import { auth, getSignedInAuth, requireSession } from "latchkey/node";
 *
 * const signIn = auth();
 * const guard = requireSession();
 *
 * export const server = createServer((req, res) =>
 *   signIn(req, res, () => guard(req, res, () => res.end(`Hello ${getSignedInAuth(req).session.user.name}`))),
 * );
 * ```
 * The middleware calls `next` with a MisuseError (`invalid_config`) for a request that did not go through `auth()`.
 */
export function requireSession<Data = RegisteredData>(requirement?: SessionRequirement<Data>): Middleware {
  must(!isObject(requirement) || !("headers" in requirement), notCalled("requireSession"));
  checkRequirement(requirement);
  return (req: ExtendedRequest, _res: unknown, next: (error?: unknown) => void) => {
    if (!req.auth || !RelyingPartyRequest.is(req.auth)) return next(notOpened("requireSession()"));
    const { auth } = req as { auth: RelyingPartyRequest<Data, void> };
    proceedWith(
      auth.passOrReply(() => next, requirement),
      next,
    );
  };
}

/**
 * Lets only requests with a valid access token (JWT) of the provider through, sent as `Authorization: Bearer` (RFC 6750), and
 * puts it at `req.accessToken`. All others get 401, 400, 403 or 503. An API that serves pages of other origins puts its CORS
 * middleware before it: preflights carry no token.
 *
 * @example
 * ```ts
 * import { createServer } from "node:http";
 * import { type VerifiedMessage, verifyAccessToken } from "latchkey/node";
 *
 * const verify = verifyAccessToken({ issuer: "https://op.example/", audience: "https://api.example", scope: "read:shows" });
 *
 * export const server = createServer((req, res) =>
 *   verify(req, res, () => res.end(`For ${(req as VerifiedMessage).accessToken.claims.sub}`)),
 * );
 * ```
 * @throws MisuseError (`invalid_config`) at once when an option is wrong or missing; the message names the variable.
 */
export function verifyAccessToken(options: AccessTokenOptions = {}): Middleware {
  mustBeOptions(options, "verifyAccessToken");
  const check = createCheck(options, process.env);
  return (req: ExtendedRequest, res: ServerResponse, next: (error?: unknown) => void) => {
    // Called outside of what is caught, as in `auth`.
    check(toAccessTokenRequest(req))
      .then((verdict) => {
        if ("reply" in verdict) return void answer(res, verdict.reply);
        req.accessToken = verdict.access;
        return next;
      })
      .then((go) => go?.(), next);
  };
}

/** Middleware that answers requests for the metadata of an API, and passes all others on. */
export interface ProtectedResource extends Middleware {
  /** The URL of the metadata, for the option `resourceMetadata` of `verifyAccessToken`. */
  readonly url: string;
}

/**
 * Publishes the metadata of an API, by which a client finds the provider that issues its tokens (RFC 9728). The URL follows from the URL
 * of the API: `/.well-known/oauth-protected-resource`, and then the API's path.
 *
 * @example
 * ```ts
 * import { createServer } from "node:http";
 * import { protectedResource, verifyAccessToken } from "latchkey/node";
 *
 * const issuer = "https://op.example/";
 * const resource = "https://api.example/mcp";
 * const metadata = protectedResource({ resource, authorizationServers: [issuer] });
 * const verify = verifyAccessToken({ issuer, audience: resource, resourceMetadata: metadata.url });
 *
 * export const server = createServer((req, res) => metadata(req, res, () => verify(req, res, () => res.end("Hello"))));
 * ```
 * @throws MisuseError (`invalid_config`) at once when an option is wrong or missing
 */
export function protectedResource(options: ProtectedResourceOptions): ProtectedResource {
  const { url, reply } = protectedResourceOf(options);
  const middleware: Middleware = (req, res, next) => {
    const found = reply(toAccessTokenRequest(req));
    if (found) answer(res, found);
    else next();
  };
  return Object.assign(middleware, { url });
}

/** The host that a trusted proxy names: only where Express's setting `trust proxy` trusts the proxy. */
function trustedHost(req: ExtendedRequest): string | undefined {
  const host = req.headers["x-forwarded-host"];
  if (host === undefined) return undefined;
  const trusts = req.app?.get?.("trust proxy fn") as
    | ((address: string | undefined, hop: number) => boolean)
    | undefined;
  return trusts?.(req.socket.remoteAddress, 0) ? trimBlanks(String(host).split(",", 1)[0] as string) : undefined;
}
