import { CookieTooLargeError, ExchangeError, exchangeErrorOf } from "../errors.js";
import { failure } from "../events.js";
import type { Reply } from "../request/response.js";
import type { ProviderConfig } from "./config.js";
import { errorPage } from "./error-page.js";
import type { Failure } from "./failure.js";
import { json, redirect } from "./replies.js";
import { loginUrl, type RequestContext } from "./request-context.js";

/** Emits the failure of a sign-in or a sign-out, and returns it. @throws what was thrown, if it is not such a failure */
export function reportFailure<Data>(
  { emit }: Pick<RequestContext<Data>, "emit">,
  thrown: unknown,
): Pick<Failure, "error" | "advice"> {
  const error =
    thrown instanceof CookieTooLargeError
      ? new ExchangeError("session_too_large", { cause: thrown })
      : exchangeErrorOf(thrown);
  const { advice } = emit(failure(error));
  return { error, advice };
}

/**
 * The response of the app as a reply. Its text is decoded, so that headers which count or name encoded bytes no longer fit (L20), as those
 * of a page that the app fetched. Cookies are written by the response writer alone.
 */
async function replyOf(own: Response): Promise<Reply> {
  const headers = [...own.headers].filter(
    ([name]) => !/^(set-cookie|transfer-encoding|content-(encoding|length))$/.test(name),
  );
  return { status: own.status, headers: Object.fromEntries(headers), body: (await own.text()) || null };
}

/** Returns the reply of `answer`, or the page of its failure, or JSON. Cookies that were written before are sent with each. */
export async function orErrorPage<Data, Answer>(
  context: RequestContext<Data>,
  answer: () => Promise<Answer>,
  isPage = true,
): Promise<Answer | Reply> {
  try {
    return await answer();
  } catch (thrown) {
    const { error, advice } = reportFailure(context, thrown);
    if (!isPage) return json(error.status, { error: error.code });
    const { config, site, request, opened } = context;
    const { returnTo = `${site.path}/` } = opened;
    const homeUrl = `${site.origin}${site.path}/`;
    const { name: provider } = config as Partial<ProviderConfig>;
    const failed = { error, advice, request, provider, returnTo, retryUrl: loginUrl(context, returnTo), homeUrl };
    const own = await config.onFailure?.(failed);
    if (typeof own === "string") return redirect(new URL(own, homeUrl).href, request.method);
    return own ? replyOf(own) : errorPage(failed);
  }
}
