import type { ExchangeErrorCode } from "../errors.js";
import type { UntimedEvent } from "../events.js";
import { isObject } from "../is-object.js";
import type { SessionRefusal } from "../session/refusal.js";

/** What to check after a failure or the refusal of a session: mostly options. Codes and reasons that no option helps with are left out. */
const ADVICE: Partial<Record<ExchangeErrorCode | SessionRefusal, string>> = {
  no_transaction: "baseUrl (is the site opened there?), cookies (are they blocked?)",
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
  unknown_key: "session.cookie.name, secret",
  tampered: "session.cookie.name, clientId, issuer",
  malformed: "session.cookie.name",
  duplicated: "session.cookie.domain",
  invalid_content: "session.schema",
};

/** What to check after an event, in the order of likelihood; undefined where no option helps. */
export function adviceFor(event: UntimedEvent): string | undefined {
  if (!("error" in event)) return ADVICE[(event as { readonly reason?: string }).reason as SessionRefusal];
  const { code, error } = event;
  const { claim, redirectUri } = isObject(error.cause) ? error.cause : {};
  if (/^(exp|iat|nbf)$/.test(`${claim}`)) return "clock, clockTolerance";
  // Many providers refuse a redirect URI that is not registered with a general error.
  return code === "provider_invalid" && redirectUri ? "baseUrl, registered redirect URIs" : ADVICE[code];
}
