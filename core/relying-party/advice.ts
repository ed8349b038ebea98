import type { ExchangeError, ExchangeErrorCode } from "../errors.js";
import { isObject } from "../is-object.js";

/** What to check after a failure: mostly options. Codes that no option helps with are left out. */
const ADVICE: Partial<Record<ExchangeErrorCode, string>> = {
  no_transaction: "baseUrl, cookies",
  issuer_mismatch: "issuer",
  authorization_failed: "clientId, scope, authorizationParams",
  provider_unreachable: "issuer, network",
  provider_invalid: "issuer",
  client_rejected: "clientId, clientSecret, clientAuthentication",
  id_token_invalid: "idTokenSigningAlg, clientId",
  no_access_token: "scope: offline_access",
  refresh_conflict: "store",
  session_too_large: "onSignIn, session.storage",
  sign_in_too_large: "returnTo, appState",
  store_unavailable: "store",
};

/** What to check after a failure, in the order of likelihood; undefined where no option helps. */
export function adviceFor({ code, cause }: ExchangeError): string | undefined {
  const { claim, redirectUri } = isObject(cause) ? cause : {};
  if (/^(exp|iat|nbf)$/.test(`${claim}`)) return "clock, clockTolerance";
  // Many providers refuse a redirect URI that is not registered with a general error.
  return code === "provider_invalid" && redirectUri ? "baseUrl, registered redirect URIs" : ADVICE[code];
}
