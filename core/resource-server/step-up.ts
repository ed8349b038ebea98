import { isText } from "../provider/claims.js";
import type { AuthenticationRequirement } from "./access-token.js";

/** How and when the user must have authenticated. */
interface StepUpSettings {
  /** Authentication contexts, any of which is enough; in order of preference. */
  readonly acrValues: readonly string[];
  /** Seconds since the user authenticated. */
  readonly maxAge?: number | undefined;
}

/**
 * Refuses tokens of users who authenticated in another way, or too long ago. The challenge says how to sign in again (RFC 9470 3);
 * the claims are those of RFC 9068 2.2.1.
 */
export const createStepUp = ({ acrValues, maxAge }: StepUpSettings): AuthenticationRequirement => ({
  check({ acr, auth_time: authTime }, now, tolerance) {
    const isFresh =
      maxAge === undefined ||
      (typeof authTime === "number" && authTime <= now + tolerance && authTime > now - maxAge - tolerance);
    const isContext = acrValues.length === 0 || (isText(acr) && acrValues.includes(acr));
    if (isFresh && isContext) return undefined;
    const [reason, value] = isContext ? ["auth_time", authTime] : ["acr", acr];
    return {
      refusal: {
        code: "insufficient_user_authentication",
        reason,
        cause: { [reason]: value },
        // The provider has to put the claim into access tokens, or no sign-in ever helps.
        advice: value === undefined ? `the claim ${reason}, which the provider leaves out of access tokens` : undefined,
      },
      parameters: { acr_values: acrValues.join(" "), max_age: maxAge === undefined ? undefined : `${maxAge}` },
    };
  },
});
