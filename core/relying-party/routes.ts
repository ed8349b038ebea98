import type { Awaitable } from "../awaitable.js";
import { ExchangeError } from "../errors.js";
import { isNavigation, isSameOrigin, queryOf } from "../request/reading.js";
import type { Plan, Reply } from "../request/response.js";
import { answering, keepAlive, type VisitContext } from "./context.js";
import { decline, json, methodNotAllowed, redirect } from "./replies.js";
import { type CallbackOptions, finishSignIn, type LoginOptions, loginOptionsOf, startSignIn } from "./sign-in.js";
import { type LogoutOptions, signOut } from "./sign-out.js";
import { type Route, routeOf, routePath } from "./site.js";

/** What whoever asks for a route by name may add to its query. */
export interface RouteOptions<Data> {
  login?: LoginOptions;
  logout?: LogoutOptions;
  callback?: CallbackOptions<Data> & {
    /** Told what went wrong, in the place of the error page. */
    onError?: (error: ExchangeError) => never;
  };
}

/** Answers a request for one of our routes. */
export function answerRoute<Data>(context: VisitContext<Data>): Awaitable<Plan> {
  const route = routeOf(context.request, context.site, context.config);
  return route && answerAs(context, route);
}

/** Answers as one of our routes, wherever it is asked for. */
export const answerAs = <Data>(
  context: VisitContext<Data>,
  route: Route,
  options: RouteOptions<Data> = {},
): Promise<Reply> => keepAlive(context, handlers[route](context, options));

/** What an authorization response is made of (RFC 6749 4.1.2, RFC 9207 2). */
const RESPONSE_PARAMETERS = ["state", "code", "iss", "error"];

/** Characters of the longest query of a callback: servers limit the URL and the cookies together. */
const MAX_RESPONSE = 8000;

/**
 * A form that the provider's page posts brings no SameSite=Lax cookies: neither the sign-in in progress nor the session
 * that it may replace. The same answer as a navigation does.
 * @throws ExchangeError `invalid_response` when the response does not fit into a URL
 */
function bounce<Data>({ site, config }: VisitContext<Data>, form: URLSearchParams): Reply {
  const response = new URLSearchParams();
  for (const name of RESPONSE_PARAMETERS) {
    const [value, again] = form.getAll(name);
    if (value !== undefined) response.append(name, value);
    // RFC 6749 3.1: a parameter must not be repeated. The callback refuses it then, whatever the second value was.
    if (again !== undefined) response.append(name, "");
  }
  const { length } = `${response}`;
  if (length > MAX_RESPONSE) throw new ExchangeError("invalid_response", { cause: { length, limit: MAX_RESPONSE } });
  return redirect(`${site.origin}${routePath(site, config, "callback")}?${response}`, "POST");
}

const handlers: {
  readonly [route in Route]: <Data>(context: VisitContext<Data>, options: RouteOptions<Data>) => Promise<Reply>;
} = {
  /** Started by a person's navigation only: never by a prefetch or a script (P1, P16). */
  async login(context, { login }) {
    const { request, config } = context;
    if (request.method !== "GET" && request.method !== "HEAD") return methodNotAllowed("GET");
    if (!isNavigation(request)) return decline(request);
    // A frame that another site hides must not push a person's own sign-ins out.
    const framed = (request.headers.get("sec-fetch-dest") ?? "document") !== "document";
    if (framed && config.session.cookie?.sameSite !== "none") return decline(request);
    const asked = loginOptionsOf(queryOf(request), config.allowedParams);
    return answering(context, () => startSignIn(context, { ...asked, ...login }));
  },

  async callback(context, { callback = {} }) {
    const { request } = context;
    if (request.method === "GET") {
      return answering(context, () => finishSignIn(context, queryOf(request), callback), callback.onError);
    }
    if (request.method !== "POST") return methodNotAllowed("GET, POST");
    const form = new URLSearchParams((await request.text?.()) ?? "");
    return answering(context, async () => bounce(context, form), callback.onError);
  },

  /** POST from anywhere but another site; GET only as a navigation that says it comes from the app itself. */
  async logout(context, { logout }) {
    const { request, site } = context;
    const same = isSameOrigin(request, site.origin);
    if (request.method === "POST" && same === false) return json(403, { error: "cross_origin" });
    if (request.method !== "POST") {
      if (request.method !== "GET" && request.method !== "HEAD") return methodNotAllowed("POST");
      if (!isNavigation(request)) return decline(request);
      if (request.headers.get("sec-fetch-site") !== "same-origin") return methodNotAllowed("POST");
    }
    const returnTo = queryOf(request).get("returnTo") ?? undefined;
    return answering(context, () => signOut(context, { returnTo, ...logout }));
  },

  /** Who is signed in, for the browser: the user's claims, never a token (S43). Does not count as activity. */
  async me({ request, reading }) {
    if (request.method !== "GET" && request.method !== "HEAD") return methodNotAllowed("GET");
    const { session } = reading;
    const expiresAt = session ? Math.min(session.inactiveAt, session.endsAt) : undefined;
    return json(200, { user: session?.data.user ?? null, expiresAt });
  },
};
