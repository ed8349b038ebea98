import { CookieTooLargeError, ExchangeError } from "../errors.js";
import { failure } from "../events.js";
import { isPrefetch } from "../request/reading.js";
import { usableToken } from "./access.js";
import type { VisitContext } from "./context.js";
import { routeOf } from "./site.js";

/**
 * What is done ahead of a page that cannot write cookies itself: activity is written down and the access token renewed,
 * each when it is due. Nothing is made from what is read: where nothing is written, the answer may be the same for
 * everybody. Not ahead of our own routes, nor where the answer may never be seen. What fails is an event: the page finds
 * the session as it is.
 */
export async function rollAndRefresh<Data>(context: VisitContext<Data>): Promise<void> {
  const { reading, request, site, config } = context;
  if (!reading.session || !context.canWrite() || isPrefetch(request) || routeOf(request, site, config)) return;
  await context.commit(undefined, true);
  try {
    await usableToken(context);
  } catch (error) {
    // The token that did not fit was dropped; those at hand stay.
    if (error instanceof CookieTooLargeError)
      context.emit(failure(new ExchangeError("session_too_large", { cause: error })));
    else if (!(error instanceof ExchangeError)) throw error;
  }
}
