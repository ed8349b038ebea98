import type { Awaitable } from "../../core/awaitable.js";
import type { RegisteredData } from "../../core/register.js";
import type { RelyingPartyRequest } from "../../core/relying-party/relying-party-request.js";
import type { AuthSession } from "../../core/relying-party/request-auth.js";
import { checkRequirement, type SessionRequirement } from "../../core/relying-party/requirement.js";
import { mustBeHandler } from "./checks.js";
import type { RequestAuth as AnyRequestAuth } from "./request-auth.js";
import { type WaitUntil, waitUntilIn } from "./wait-until.js";
import { createWebWriter, type WebWriter } from "./web-writer.js";

/** The second argument of a handler. `login` and `logout` give the response to return. */
export interface RequestAuth<Data = RegisteredData> extends AnyRequestAuth<Data, Response> {}

/** A {@link RequestAuth} inside `requireSession`: its session is not null. After `logout`, it has none all the same. */
export interface SignedInAuth<Data = RegisteredData> extends RequestAuth<Data> {
  readonly session: AuthSession<Data>;
}

/** A handler that gets the session of its request. What a runtime passes besides the request comes last. */
export type Handler<Data = RegisteredData, Rest extends unknown[] = []> = (
  request: Request,
  auth: RequestAuth<Data>,
  ...rest: Rest
) => Response | Promise<Response>;

/** A handler for signed-in requests only: its session is not null. */
export type SignedInHandler<Data = RegisteredData, Rest extends unknown[] = []> = (
  request: Request,
  auth: SignedInAuth<Data>,
  ...rest: Rest
) => Response | Promise<Response>;

/** Sign-in and sessions around handlers that map a Request to a Response. */
export interface Serving<Data> {
  /**
   * Answers the routes under `mount`, and passes any other request to the handler. Cookies that were written go onto the
   * handler's response, or onto a Response that it throws. When it throws anything else, they go onto the response of the next
   * handler that serves the same Request, as frameworks do for an error page, or onto the response that `finish` gets.
   */
  wrap<Rest extends unknown[]>(handler: Handler<Data, Rest>): (request: Request, ...rest: Rest) => Promise<Response>;
  /**
   * Like `wrap`, for signed-in requests only: 401 JSON for API calls, a redirect to sign in for page navigations. A session that does not
   * meet the requirement gets 403.
   */
  requireSession<Rest extends unknown[]>(
    handler: SignedInHandler<Data, Rest>,
    requirement?: SessionRequirement<Data>,
  ): (request: Request, ...rest: Rest) => Promise<Response>;
  /** The session of a request, or null if no user is signed in. */
  getSession(request: Request): Promise<AuthSession<Data> | null>;
  /** The RelyingPartyRequest of a request. Outside a handler it can only be read: there is no response to write to. */
  authFor(request: Request): Promise<RelyingPartyRequest<Data, Response>>;
  /** Puts the cookies that were written before a handler threw onto the response that an error handler outside of `wrap` made. */
  finish(request: Request, response: Response): Response;
}

/** Whether a handler threw a Response, as some frameworks do to redirect: of any realm. */
function isResponse(thrown: unknown): thrown is Response {
  try {
    const { headers, status } = thrown as Response;
    return typeof headers.getSetCookie === "function" && typeof status === "number";
  } catch {
    return false;
  }
}

/** A request that a handler serves. */
interface Served<Data> {
  readonly auth: RelyingPartyRequest<Data, Response>;
  readonly writer: WebWriter;
  /** A handler is making its response. False: a handler threw, and another one will make the response. */
  isActive: boolean;
}

type Respond<Data> = (served: Served<Data>) => Awaitable<Response>;

/** The requests that are being served. A Request is served once, however many wrapped handlers it passes through. */
type ServedRequests<Data> = WeakMap<Request, Served<Data>>;

/** Lets a handler respond to a request that was opened, and puts the cookies onto its response. */
async function respondTo<Data>(
  requests: ServedRequests<Data>,
  request: Request,
  served: Served<Data>,
  respond: Respond<Data>,
): Promise<Response> {
  const { writer } = served;
  requests.set(request, served);
  served.isActive = true;
  writer.setOpen(true);
  try {
    const response = writer.apply(await respond(served));
    requests.delete(request);
    return response;
  } catch (error) {
    served.isActive = false;
    writer.setOpen(false);
    throw isResponse(error) ? finish(requests, request, error) : error;
  }
}

function finish<Data>(requests: ServedRequests<Data>, request: Request, response: Response): Response {
  const served = requests.get(request);
  if (!served || served.isActive) return response;
  const finished = served.writer.apply(response);
  requests.delete(request);
  return finished;
}

/** Serves requests that `open` opens. */
export function createServing<Data>(
  open: (request: Request, writer: WebWriter, waitUntil?: WaitUntil) => Awaitable<RelyingPartyRequest<Data, Response>>,
): Serving<Data> {
  const requests: ServedRequests<Data> = new WeakMap();

  async function serve(request: Request, passed: readonly unknown[], respond: Respond<Data>): Promise<Response> {
    const before = requests.get(request);
    if (before) return before.isActive ? respond(before) : respondTo(requests, request, before, respond);
    const writer = createWebWriter({ isGone: () => request.signal?.aborted === true });
    const auth = await open(request, writer, waitUntilIn(passed));
    const reply = await auth.route();
    if (reply) return writer.send(reply);
    await auth.roll();
    return respondTo(requests, request, { auth, writer, isActive: false }, respond);
  }

  const wrap: Serving<Data>["wrap"] = (handler) => {
    mustBeHandler(handler, "wrap");
    return (request, ...rest) => serve(request, rest, ({ auth }) => handler(request, auth, ...rest));
  };

  const requireSession: Serving<Data>["requireSession"] = (handler, requirement) => {
    mustBeHandler(handler, "requireSession");
    checkRequirement(requirement);
    return (request, ...rest) =>
      serve(request, rest, ({ auth }) =>
        auth.passOrReply(() => handler(request, auth as SignedInAuth<Data>, ...rest), requirement),
      );
  };

  const authFor: Serving<Data>["authFor"] = async (request) =>
    requests.get(request)?.auth ?? open(request, createWebWriter({ open: false }));

  return {
    wrap,
    requireSession,
    getSession: async (request) => (await authFor(request)).session,
    authFor,
    finish: (request, response) => finish(requests, request, response),
  };
}
