import { CookieTooLargeError, ExchangeError } from "../errors.js";
import { failure } from "../events.js";
import { isPrefetch } from "../request/reading.js";
import { usableToken } from "./access-token.js";
import type { RequestContext } from "./request-context.js";
import { routeOf } from "./site.js";

/**
 * Writes activity and refreshes the access token, each when it is due, before a page renders that cannot write cookies itself. With
 * tokens in a store it leaves them to the page, which can refresh them without a cookie when it asks for one: the proxy reads none. Does
 * nothing for the routes of latchkey, and for a prefetch, whose response may never be shown. A failure is an event; the page then
 * has the session as it is. Does not mark the response as made from the session: a page for which nothing was written may be the same
 * for all users.
 */
export async function rollAndRefresh<Data>(context: RequestContext<Data>): Promise<void> {
  const { reading, request, site, sessions } = context;
  if (!reading.session || !context.canWrite() || isPrefetch(request) || routeOf(request, site, context)) return;
  await context.commit(undefined, true);
  if (sessions.storage.isShared) return;
  try {
    await usableToken(context);
  } catch (error) {
    if (error instanceof ExchangeError) return;
    // The new tokens do not fit and are dropped; the session keeps the old ones.
    if (!(error instanceof CookieTooLargeError)) throw error;
    context.emit(failure(new ExchangeError("session_too_large", { cause: error })));
  }
}
