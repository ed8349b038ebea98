import { must } from "../../core/errors.js";
import { ANY, checkOptions, type ExamplesOf } from "../../core/options.js";
import { guardStepUp } from "../../core/relying-party/step-up.js";
import { createStepUp } from "../../core/resource-server/step-up.js";

/** How and when the user must have authenticated. */
export interface StepUpOptions {
  /** An authentication context, or several, any of which is enough, in order of preference: the claim `acr`. @default any */
  acrValues?: string | readonly string[];
  /** Seconds since the user authenticated: the claim `auth_time`. @default any time */
  maxAge?: number;
}

const examples: ExamplesOf<StepUpOptions> = { acrValues: ANY, maxAge: 60 };

/** The value of `stepUp`, which `stepUp()` returns. */
export interface StepUp {
  /** Only latchkey calls it. */
  check(claims: never, now: never, tolerance: never): unknown;
  /** Only latchkey calls it. */
  guard(session: never, request: never): Promise<unknown>;
}

/**
 * For the option `stepUp` of `verifyAccessToken`: refuses tokens of users who authenticated in another way, or too long ago, with
 * `insufficient_user_authentication` and a challenge that says how to sign in again (RFC 9470). The provider must put `acr` and
 * `auth_time` into its access tokens (RFC 9068 2.2.1).
 *
 * For `stepUp` of a guard of sessions: a page sends such a user to sign in again with these options, once, and a script gets 403 with them:
 * `{ "error": "step_up_required", "maxAge": 300 }`. The callback refuses an ID Token without such an `acr` or `auth_time`.
 *
 * @example
 * ```ts
 * import { stepUp, verifyAccessToken } from "latchkey/edge";
 *
 * const api = verifyAccessToken({
 *   issuer: "https://op.example/",
 *   audience: "https://api.example",
 *   stepUp: stepUp({ acrValues: "urn:example:two-factors", maxAge: 300 }),
 * });
 *
 * export default { fetch: api.wrap((request, { claims }) => Response.json({ for: claims.sub })) };
 * ```
 * @throws MisuseError (`invalid_config`) at once when an option is wrong, or when there is none
 */
export function stepUp(options: StepUpOptions): StepUp {
  checkOptions(options, examples);
  const { acrValues = [], maxAge } = options;
  const values = [acrValues].flat();
  // OpenID Connect Core 3.1.2.1: separated by spaces. Neither quotes nor backslashes have a place in a challenge.
  must(
    values.every((value) => typeof value === "string" && /^[!#-[\]-~]+$/.test(value)),
    "stepUp: acrValues must be names without spaces and quotes",
  );
  must(maxAge === undefined || (Number.isInteger(maxAge) && maxAge >= 0), "stepUp: maxAge must be whole seconds");
  must(values.length > 0 || maxAge !== undefined, "stepUp: set acrValues, maxAge or both");
  const settings = { acrValues: values, maxAge };
  return { ...createStepUp(settings), guard: guardStepUp(settings) };
}
