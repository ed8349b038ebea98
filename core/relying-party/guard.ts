import { ExchangeError } from "../errors.js";
import { targetOf, wantsPage } from "../request/reading.js";
import type { Plan } from "../request/response.js";
import { missingClaim } from "../required-claims.js";
import { orErrorPage } from "./answer-failure.js";
import type { AuthSession } from "./request-auth.js";
import type { ProviderContext, RequestContext } from "./request-context.js";
import type { SessionRequirement } from "./requirement.js";
import { signIn } from "./sign-in.js";

/**
 * Undefined if the session meets the requirement, or the reply of `stepUp`.
 * @throws ExchangeError `forbidden` if it does not: another sign-in would not change that, so the user is not sent to sign in
 */
export async function meet<Data>(
  context: ProviderContext<Data>,
  session: AuthSession<Data>,
  { claims = {}, allow, stepUp }: SessionRequirement<Data>,
  isPage = true,
): Promise<Plan> {
  const { user } = session;
  const request = { context, isPage, signIn } as never;
  const claim = missingClaim(user, claims);
  if (claim || (allow && !(await allow(user, session, request))))
    throw new ExchangeError("forbidden", { cause: { claim } });
  return stepUp?.guard(session as never, request) as Promise<Plan>;
}

/** The reply to a signed-in user whose session does not meet the requirement: for a page the error page, else JSON. Undefined if it does. */
export function refuse<Data>(
  context: RequestContext<Data>,
  session: AuthSession<Data>,
  requirement: SessionRequirement<Data>,
  isPage = wantsPage(context.request),
): Promise<Plan> {
  // The provider of the session, which is there.
  const at = context.atSession() as ProviderContext<Data>;
  at.opened.returnTo = targetOf(at.request);
  return orErrorPage(at, () => meet(at, session, requirement, isPage), isPage);
}
