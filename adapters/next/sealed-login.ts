import { TRANSACTION_DURATION } from "../../core/defaults.js";
import { ExchangeError, exchangeErrorOf } from "../../core/errors.js";
import type { SealedLogin } from "../../core/relying-party/config.js";
import { meet } from "../../core/relying-party/guard.js";
import type { LoginOptions } from "../../core/relying-party/login-options.js";
import type { AuthSession } from "../../core/relying-party/request-auth.js";
import { loginUrl, type ProviderContext, type RequestContext } from "../../core/relying-party/request-context.js";
import type { SessionRequirement } from "../../core/relying-party/requirement.js";
import { packed } from "../../core/seal/payload.js";
import { createSealer } from "../../core/seal/sealer.js";

/**
 * A Server Component can redirect, and neither set a cookie nor a status. So the login route begins the sign-in, or answers with
 * the page of an error, that a guard sealed into the query.
 */
export function createSealedLogin(secret: string | readonly string[], now: () => number): SealedLogin {
  const sealer = createSealer(secret, "sealed login", TRANSACTION_DURATION, packed);
  return {
    async url(context: RequestContext<unknown>, content) {
      const sealed = await sealer.seal(
        content instanceof ExchangeError ? { code: content.code, cause: content.cause } : content,
        now(),
      );
      return `${loginUrl(context, context.opened.returnTo)}&sealed=${sealed}`;
    },
    async open(_context, query) {
      const opened = await sealer.open(query.get("sealed"), now());
      // Too old, or not sealed here: this is a sign-in like any other.
      if (typeof opened === "string") return undefined;
      const { code, cause, ...options } = opened.payload as LoginOptions & ExchangeError;
      if (code) throw new ExchangeError(code, { cause });
      return options;
    },
  };
}

/**
 * The URL that a page redirects to, because its session does not meet the requirement; undefined if it does.
 * @throws ExchangeError such as `store_unavailable`, for Next's own error page
 */
export async function redirectFor<Data>(
  opened: RequestContext<Data>,
  session: AuthSession<Data>,
  requirement: SessionRequirement<Data>,
  returnTo: string | undefined,
): Promise<string | undefined> {
  // The provider of the session, which is there.
  const context = opened.atSession() as ProviderContext<Data>;
  context.opened.returnTo = returnTo;
  try {
    const reply = await meet(context, session, requirement);
    return reply?.headers["location"];
  } catch (thrown) {
    const error = exchangeErrorOf(thrown);
    if (error.code !== "forbidden") throw error;
    return context.config.sealedLogin?.url(context as never, error);
  }
}
