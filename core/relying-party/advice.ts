import type { ExchangeErrorCode } from "../errors.js";
import type { UntimedEvent } from "../events.js";
import { isObject } from "../is-object.js";

/** What to check after a failure: mostly options. Codes that no option helps with are left out. */
const ADVICE: Partial<Record<ExchangeErrorCode, string>> = {
  no_transaction: "cookies (does the browser keep them?), baseUrl (was the site opened there?)",
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

/** What to check after an event, in the order of likelihood; undefined where no option helps. */
export function adviceFor(event: UntimedEvent): string | undefined {
  // The browser keeps these cookies, and they do not open: another app may have written them.
  if ("reason" in event)
    return /^(unknown_key|tampered)$/.test(event.reason) ? "session.cookie.name, secret" : undefined;
  if (!("error" in event)) return undefined;
  const { code, error } = event;
  const { claim, redirectUri } = isObject(error.cause) ? error.cause : {};
  if (/^(exp|iat|nbf)$/.test(`${claim}`)) return "clock, clockTolerance";
  // Many providers refuse a redirect URI that is not registered with a general error.
  return code === "provider_invalid" && redirectUri ? "baseUrl, registered redirect URIs" : ADVICE[code];
}
