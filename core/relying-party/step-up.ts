import type { Plan } from "../request/response.js";
import { json, redirect } from "./replies.js";
import type { AuthSession } from "./request-auth.js";
import type { GuardedRequest } from "./requirement.js";

/** How a user must have authenticated: the options of the sign-in that brings it. */
interface StepUpSettings {
  readonly acrValues: readonly string[];
  /** Seconds. */
  readonly maxAge?: number | undefined;
}

/**
 * The guard of `stepUp`: undefined for a user who authenticated lately and well enough. A page sends any other user to sign in again, and a
 * script gets 403 with the options for that. The callback refuses an ID Token that does not fit, so nobody is sent there twice.
 */
export const guardStepUp =
  ({ acrValues, maxAge }: StepUpSettings) =>
  async (
    { authenticatedAt, acr }: Pick<AuthSession<unknown>, "authenticatedAt" | "acr">,
    { context, isPage, signIn }: GuardedRequest,
  ): Promise<Plan> => {
    const { config, exchange, ports, opened } = context;
    const { returnTo } = opened;
    const options = { ...(acrValues[0] && { acrValues }), ...(maxAge !== undefined && { maxAge }) };
    // An unknown time, of a sign-in that did not ask for it, is too long ago.
    const age = (ports.now() - (authenticatedAt ?? Number.NEGATIVE_INFINITY)) / 1000;
    const isFresh = maxAge === undefined || age <= maxAge + exchange.clockTolerance;
    if (isFresh && (!acrValues[0] || acrValues.includes(acr as string))) return undefined;
    if (!isPage) return json(403, { error: "step_up_required", ...options });
    const url = await config.sealedLogin?.url(context as never, options);
    return url ? redirect(url, "GET") : signIn(context, { ...options, ...(returnTo !== undefined && { returnTo }) });
  };

/**
 * What an API requires that refused a request with `insufficient_user_authentication` (RFC 9470 3): the options of `login` that bring
 * it. Undefined for any other response.
 *
 * @example
 * ```ts
 * import { createAuth, stepUpOf } from "latchkey/edge";
 *
 * const auth = createAuth({ env: process.env });
 *
 * export default {
 *   fetch: auth.requireSession(async (request, { fetch, login }) => {
 *     const response = await fetch("https://api.example/transfers", { method: "POST" });
 *     const options = stepUpOf(response);
 *     return options ? login(options) : response;
 *   }),
 * };
 * ```
 */
export function stepUpOf({
  headers,
}: {
  readonly headers: { get(name: string): string | null };
}): { readonly maxAge?: number; readonly acrValues?: readonly string[] } | undefined {
  // Several challenges may be in one header. The parameters are those of the challenge with this error.
  const challenge = (headers.get("www-authenticate") ?? "")
    .split(/,(?=[ \t]*[\w-]+[ \t]+[\w-]+[ \t]*=)/)
    .find((each) => /[ ,\t]error[ \t]*=[ \t]*"?insufficient_user_authentication\b/i.test(each));
  if (!challenge) return undefined;
  const parameter = (name: string) =>
    new RegExp(`[ ,\\t]${name}[ \\t]*=[ \\t]*(?:"([^"]*)"|([^\\s",]+))`, "i").exec(challenge)?.slice(1).join("") ?? "";
  const [acrValues, maxAge] = [parameter("acr_values").split(" ").filter(Boolean), parameter("max_age")];
  return { ...(acrValues[0] && { acrValues }), ...(/^\d{1,9}$/.test(maxAge) && { maxAge: Number(maxAge) }) };
}
