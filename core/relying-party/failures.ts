import { CookieTooLargeError, ExchangeError, exchangeErrorOf } from "../errors.js";
import { failure } from "../events.js";
import type { Reply } from "../request/response.js";
import { errorPage } from "./replies.js";
import type { RequestContext } from "./request-context.js";
import { routePath } from "./site.js";

/** Emits the failure of a sign-in or sign-out, and returns it. @throws what was thrown, if it is not such a failure */
export function reportFailure<Data>({ emit }: Pick<RequestContext<Data>, "emit">, thrown: unknown): ExchangeError {
  const error =
    thrown instanceof CookieTooLargeError
      ? new ExchangeError("session_too_large", { cause: thrown })
      : exchangeErrorOf(thrown);
  emit(failure(error));
  return error;
}

/** Returns the reply of `answer`, or the error page if it fails. Cookies that were written before are sent with either. */
export async function orErrorPage<Data>(context: RequestContext<Data>, answer: () => Promise<Reply>): Promise<Reply> {
  try {
    return await answer();
  } catch (error) {
    return errorPage(reportFailure(context, error), routePath(context.site, context.config, "login"));
  }
}
