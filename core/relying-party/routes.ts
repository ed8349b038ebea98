import { ExchangeError } from "../errors.js";
import { errorText } from "../exchange/checks.js";
import { isNavigation, isSameOrigin, queryOf } from "../request/reading.js";
import type { Plan, Reply } from "../request/response.js";
import type { RequestView } from "../request/view.js";
import { orErrorPage } from "./answer-failure.js";
import { choicesPage } from "./choices-page.js";
import { decline, json, methodNotAllowed, redirect, unavailable } from "./replies.js";
import { keepAlive, type ProviderContext, type RequestContext } from "./request-context.js";
import { completeSignIn, loginOptionsOf, redirectWithin, type SignInOptions, signIn } from "./sign-in.js";
import { type LogoutOptions, signOut } from "./sign-out.js";
import { type Route, type RouteMatch, routeUrl } from "./site.js";

/** Answers a request for one of the routes; undefined for a route that the app has not switched on. */
export const answerRoute = <Data>(context: RequestContext<Data>, { route, name }: RouteMatch): Promise<Plan> =>
  keepAlive(context, answers[route](context, name));

/** Characters of the longest query of a callback: servers limit the URL and the cookies together. */
const MAX_RESPONSE = 8000;

/**
 * Answers a posted authorization response with a redirect to the same response in a query. A form that the provider's page
 * posts brings no SameSite=Lax cookies: neither the sign-in in progress nor the session that it may replace.
 * @throws ExchangeError `invalid_response` when the response does not fit into a URL
 */
function redirectForm<Data>(context: ProviderContext<Data>, form: URLSearchParams): Reply {
  const response = new URLSearchParams();
  for (const name of new Set(form.keys())) {
    // A token must not get into a URL; the code flow brings none.
    if (/token/.test(name)) continue;
    const [value, again] = form.getAll(name);
    // A description is for logs only: a long one must not make the response too large. A part of a value at its end would be found no more.
    if (value !== undefined)
      response.append(name, name === "error_description" ? `${errorText(form, value)}`.slice(0, 300) : value);
    // RFC 6749 3.1: a parameter must not be repeated. The callback refuses a repeated one, whatever the second value is.
    if (again !== undefined) response.append(name, "");
  }
  const { length } = `${response}`;
  if (length > MAX_RESPONSE) throw new ExchangeError("invalid_response", { cause: { length, limit: MAX_RESPONSE } });
  return redirect(`${routeUrl(context, "callback")}?${response}`, "POST");
}

const isRead = ({ method }: RequestView): boolean => method === "GET" || method === "HEAD";

/**
 * Answers a request to sign in, which only a user's navigation may begin: never a prefetch or a script (P1, P16).
 * @param name of the provider of the route
 */
export async function answerLogin<Data>(
  context: RequestContext<Data>,
  name: string | undefined = context.config.defaultProvider,
  options?: SignInOptions,
): Promise<Reply> {
  const { request, config } = context;
  if (!isRead(request)) return methodNotAllowed("GET");
  if (!isNavigation(request)) return decline(request);
  // A hidden frame of another site must not evict the user's own sign-ins in progress.
  const isFramed = (request.headers.get("sec-fetch-dest") ?? "document") !== "document";
  if (isFramed && config.session.cookie?.sameSite !== "none") return decline(request);
  const query = queryOf(request);
  const fromQuery = loginOptionsOf(query, config.allowedParams);
  const at = context.at(name);
  if (!at) return choicesPage(context);
  return orErrorPage(at, async () =>
    signIn(at, { ...fromQuery, ...(await config.sealedLogin?.open(context as never, query)), ...options }),
  );
}

/** Answers an authorization response. */
async function answerCallback<Data>(context: ProviderContext<Data>): Promise<Reply> {
  const { request } = context;
  if (request.method === "GET") {
    return orErrorPage(context, async () => redirectWithin(context, await completeSignIn(context, queryOf(request))));
  }
  if (request.method !== "POST") return methodNotAllowed("GET, POST");
  const form = new URLSearchParams((await request.text?.()) ?? "");
  return orErrorPage(context, async () => redirectForm(context, form));
}

/** Answers a request to sign out: a POST that is not from another site, or a user's navigation within the app. */
export async function answerLogout<Data>(context: RequestContext<Data>, options?: LogoutOptions): Promise<Reply> {
  const { request, site } = context;
  if (request.method === "POST") {
    if (isSameOrigin(request, site.origin) === false) return json(403, { error: "cross_origin" });
  } else {
    if (!isRead(request)) return methodNotAllowed("POST");
    if (!isNavigation(request)) return decline(request);
    if (request.headers.get("sec-fetch-site") !== "same-origin") return methodNotAllowed("POST");
  }
  const returnTo = queryOf(request).get("returnTo") ?? undefined;
  return signOut(context, { returnTo, ...options });
}

/** Answers with the user's claims, and the name of one of several providers, for the browser, never with a token (S43). Does not count as activity. */
async function answerMe<Data>({ request, reading: { session, reason } }: RequestContext<Data>): Promise<Reply> {
  if (!isRead(request)) return methodNotAllowed("GET");
  if (reason === "store_unavailable") return unavailable(reason);
  const { user = null, provider } = session?.data ?? {};
  return json(200, { user, provider, expiresAt: session?.expiresAt });
}

const answers: {
  readonly [route in Route]: <Data>(context: RequestContext<Data>, name: string | undefined) => Promise<Plan>;
} = {
  login: answerLogin,
  // The route is of a provider.
  callback: (context, name) => answerCallback(context.at(name) as NonNullable<ReturnType<typeof context.at>>),
  logout: (context) => answerLogout(context),
  me: answerMe,
  "backchannel-logout": async (context) => context.config.backchannelLogout?.(context as never),
};
