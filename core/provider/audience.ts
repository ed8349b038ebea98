import { ExchangeError } from "../errors.js";
import type { Members } from "./claims.js";

/** The claims of a JWT, which are not verified here; none of any other token. */
function claimsIn(token: string): Members {
  try {
    return JSON.parse(atob(`${token.split(".")[1]}`.replaceAll("-", "+").replaceAll("_", "/"))) ?? {};
  } catch {
    return {};
  }
}

/**
 * The error of an access token for another audience than the requested one: a provider that does not know the parameter `audience` or
 * `resource` ignores it, and a token must never be taken for that of another API. An opaque token does not say whom it is for.
 */
export function audienceError(accessToken: string, audience: string | undefined): ExchangeError | undefined {
  const { aud } = claimsIn(accessToken);
  if (audience === undefined || aud === undefined || [aud].flat().includes(audience)) return undefined;
  return new ExchangeError("provider_invalid", { cause: { claim: "aud", value: aud, audience } });
}
