import type { Plan, Reply } from "../plan.js";
import { isNavigation, isSameOrigin, queryOf } from "../request.js";
import { decline, json, methodNotAllowed } from "./replies.js";
import { finishSignIn, loginOptionsOf, startSignIn } from "./sign-in.js";
import { signOut } from "./sign-out.js";
import { type Route, routeOf } from "./site.js";
import { answering, type VisitContext } from "./visit.js";

/** Answers a request for one of our routes. */
export async function answerRoute<Data>(context: VisitContext<Data>): Promise<Plan> {
  const route = routeOf(context.request, context.site, context.config);
  return route ? { kind: "reply", ...(await handlers[route](context)) } : { kind: "pass" };
}

const handlers: { readonly [route in Route]: <Data>(context: VisitContext<Data>) => Promise<Reply> } = {
  /** Started by a person's navigation only: never by a prefetch or a script (P1, P16). */
  async login(context) {
    const { request, config } = context;
    if (request.method !== "GET" && request.method !== "HEAD") return methodNotAllowed("GET");
    if (!isNavigation(request)) return decline(request.headers.get("sec-purpose") !== null);
    return answering(context, () => startSignIn(context, loginOptionsOf(queryOf(request), config.allowedParams)));
  },

  async callback(context) {
    const { request } = context;
    if (request.method === "GET") return answering(context, () => finishSignIn(context, queryOf(request)));
    if (request.method !== "POST") return methodNotAllowed("GET, POST");
    const body = (await request.text?.()) ?? "";
    return answering(context, () => finishSignIn(context, new URLSearchParams(body)));
  },

  /** POST from anywhere but another site; GET only as a navigation that says it comes from the app itself. */
  async logout(context) {
    const { request, site } = context;
    const same = isSameOrigin(request, site.origin);
    if (request.method === "POST" && same === false) return json(403, { error: "cross_origin" });
    if (request.method !== "POST") {
      if (request.method !== "GET" && request.method !== "HEAD") return methodNotAllowed("POST");
      if (!isNavigation(request)) return decline(request.headers.get("sec-purpose") !== null);
      if (request.headers.get("sec-fetch-site") !== "same-origin") return methodNotAllowed("POST");
    }
    const returnTo = queryOf(request).get("returnTo");
    return answering(context, () => signOut(context, returnTo === null ? {} : { returnTo }));
  },

  /** Who is signed in, for the browser: the user's claims, never a token (S43). Does not count as activity. */
  async me({ request, scope }) {
    if (request.method !== "GET" && request.method !== "HEAD") return methodNotAllowed("GET");
    const { session } = scope;
    if (!session) return json(200, { user: null });
    return json(200, { user: session.data.user, expiresAt: Math.min(session.inactiveAt, session.endsAt) });
  },
};
