import type { ExchangeErrorCode } from "../errors.js";
import type { ExchangeConfig, IdTokenClaims, Transaction } from "./machine.js";

/** Whether both are the same text, and there is one: missing never equals missing (S27). Takes the same time wherever they differ (S49). */
export function sameText(left: unknown, right: string): boolean {
  if (typeof left !== "string" || left === "" || left.length !== right.length) return false;
  let difference = 0;
  for (let at = 0; at < left.length; at++) difference |= left.charCodeAt(at) ^ right.charCodeAt(at);
  return difference === 0;
}

/** OpenID Connect Core 3.1.2.6: the user would have had to be asked, and must not be. */
const NEEDS_USER = /^(login|interaction|consent|account_selection)_required$/;

/** Why an authorization response is refused; undefined when it has a code to redeem. */
export function callbackError(
  { issuer, transactionDuration, clockTolerance }: ExchangeConfig,
  { startedAt, state, issuer: askedIssuer, issRequired }: Transaction,
  parameters: URLSearchParams,
  now: number,
): ExchangeErrorCode | undefined {
  const only = (name: string): string | undefined => {
    const values = parameters.getAll(name);
    return values.length === 1 ? values[0] : undefined;
  };
  const age = (now - startedAt) / 1000;
  if (age > transactionDuration || age < -clockTolerance) return "transaction_expired";
  if (!sameText(only("state"), state)) return "state_mismatch";
  // RFC 9700 4.4: the code of one issuer, and its verifier, are sent to no other.
  // RFC 9207 2.4: compared as strings; missing is wrong where it was announced; error responses carry it too.
  if (askedIssuer !== issuer || (parameters.has("iss") ? only("iss") !== issuer : issRequired))
    return "issuer_mismatch";
  if (parameters.has("error")) return refusalOf(only("error"));
  return only("code") ? undefined : "invalid_response";
}

function refusalOf(error: string | undefined): ExchangeErrorCode {
  if (error === undefined) return "invalid_response";
  if (error === "access_denied") return "access_denied";
  return NEEDS_USER.test(error) ? "login_required" : "authorization_failed";
}

/** Why a verified ID Token does not answer this sign-in. */
export function authenticationError(
  { clockTolerance }: ExchangeConfig,
  { issuer, maxAge, organization }: Transaction,
  claims: IdTokenClaims,
  now: number,
): ExchangeErrorCode | undefined {
  if (claims.iss !== issuer) return "id_token_invalid";
  const { auth_time: authTime } = claims;
  // OpenID Connect Core 3.1.2.1: asked for a maximum age, the provider must say when the user authenticated.
  if (maxAge !== undefined && !(typeof authTime === "number" && now / 1000 - authTime <= maxAge + clockTolerance)) {
    return "authentication_too_old";
  }
  return organization === undefined || isMember(organization, claims) ? undefined : "organization_mismatch";
}

/** Auth0 Organizations: ids begin with `org_` and are compared exactly, names without regard to case. */
function isMember(organization: string, { org_id: id, org_name: name }: IdTokenClaims): boolean {
  if (organization.startsWith("org_")) return id === organization;
  return typeof name === "string" && name.toLowerCase() === organization.toLowerCase();
}
