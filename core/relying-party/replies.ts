import { ExchangeError } from "../errors.js";
import { isRouterRequest, targetOf } from "../request/reading.js";
import type { Reply } from "../request/response.js";
import type { RequestView } from "../request/view.js";

const reply = (status: number, headers: Record<string, string>, body: string | null): Reply => ({
  status,
  headers,
  body,
});

/** 303 after a POST, so that no form is sent on (RFC 9700 4.12); 302 otherwise. */
export const redirect = (to: string, method: string): Reply =>
  reply(method === "POST" ? 303 : 302, { location: to }, null);

export const json = (status: number, value: unknown, headers?: Readonly<Record<string, string>>): Reply =>
  reply(status, { "content-type": "application/json; charset=utf-8", ...headers }, JSON.stringify(value));

export const methodNotAllowed = (allow: string): Reply => reply(405, { allow }, null);

/**
 * Declines a request that is not a user's navigation. A speculative request must get an error, since the browser would show any 2xx
 * at the later click. A router of Next takes 204 as a sign to navigate instead; after an error it would prefetch again and again. htmx
 * navigates where `HX-Redirect` says: only a script of the app itself can send `HX-Request` (it would need CORS), and what follows is a
 * navigation of its own page.
 */
export function decline(request: RequestView): Reply {
  const declined = { "latchkey-declined": "not a navigation" };
  if (isRouterRequest(request) && request.headers.get("sec-purpose") === null) return reply(204, declined, null);
  return reply(
    403,
    {
      ...declined,
      "content-type": "text/plain; charset=utf-8",
      ...(request.headers.get("hx-request") && { "hx-redirect": targetOf(request) }),
    },
    "Only a navigation is answered here: a link, not fetch(), a frame or a service worker; in a test node:http, not fetch().",
  );
}

/** The reply to a request that needs the store, or the provider, while that is away. */
export const unavailable = (error: string): Reply => json(503, { error }, { "retry-after": "5" });

/** The reply of API routes to a request without a session. `reason`: why it has none. */
export const notAuthenticated = (reason?: string): Reply =>
  reason === "store_unavailable"
    ? unavailable(reason)
    : json(401, {
        error: "not_authenticated",
        description: "Sign in first.",
      });

/**
 * For a page, which cannot answer 503. `reason`: why its request has no session.
 * @throws ExchangeError `store_unavailable` if the store cannot give the session now: the user need not sign in again
 */
export function mustNotBeAway(reason: string | undefined): void {
  if (reason === "store_unavailable") throw new ExchangeError(reason);
}
