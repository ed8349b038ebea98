import { TRANSACTION_DURATION } from "../defaults.js";
import { ExchangeError, type ExchangeErrorCode } from "../errors.js";
import { mask } from "../mask.js";
import type { ExchangeConfig, IdTokenClaims, Transaction } from "./types.js";

/** Whether both are the same text, and not empty: missing never equals missing (S27). Takes the same time wherever they differ (S49). */
export function sameText(left: unknown, right: string): boolean {
  if (typeof left !== "string" || left === "" || left.length !== right.length) return false;
  let difference = 0;
  for (let at = 0; at < left.length; at++) difference |= left.charCodeAt(at) ^ right.charCodeAt(at);
  return difference === 0;
}

/** OpenID Connect Core 3.1.2.6: the provider must ask the user, and `prompt=none` forbids it. */
export const NEEDS_USER = /^(login|interaction|consent|account_selection)_required$/;

/** Why an authorization response is refused; undefined if it has a code to redeem. */
export function callbackError(
  { issuer, name }: ExchangeConfig,
  transaction: Transaction,
  parameters: URLSearchParams,
  now: number,
): ExchangeError | undefined {
  const { startedAt, state, issRequired } = transaction;
  /** The value of a parameter that must not be repeated (RFC 6749 3.1). */
  const only = (name: string): string | undefined => {
    const values = parameters.getAll(name);
    return values.length === 1 ? values[0] : undefined;
  };
  const age = (now - startedAt) / 1000;
  // A start in the future is of a machine whose clock is ahead: only latchkey can have sealed it.
  if (Math.abs(age) > TRANSACTION_DURATION)
    return new ExchangeError("transaction_expired", { cause: { seconds: age } });
  if (!sameText(only("state"), state)) return new ExchangeError("state_mismatch");
  // RFC 9700 4.4: the code and the verifier of one issuer are sent to no other issuer, and a callback of one provider is none of another.
  // RFC 9207 2.4: `iss` is compared as a string, in error responses too; it may be missing only where it was not announced.
  if (
    transaction.issuer !== issuer ||
    transaction.provider !== name ||
    (parameters.has("iss") ? only("iss") !== issuer : issRequired)
  )
    return new ExchangeError("issuer_mismatch", { cause: { issuer, iss: only("iss") } });
  const error = only("error");
  if (error !== undefined) {
    const description = errorText(parameters, only("error_description"));
    return new ExchangeError(refusalOf(error), { cause: { error: errorText(parameters, error), description } });
  }
  return only("code") && !parameters.has("error") ? undefined : new ExchangeError("invalid_response");
}

/**
 * A text of the provider in an authorization response without the values of the other parameters, which some providers repeat there.
 * A short value is no secret, and may be a part of any word.
 */
export function errorText(parameters: URLSearchParams, text: string | undefined): string | undefined {
  const values = [...parameters].map(([name, value]) => (/^error/.test(name) || value.length < 8 ? "" : value));
  return text && mask(text, values);
}

function refusalOf(error: string): ExchangeErrorCode {
  // Apple and LinkedIn have codes of their own for a user who cancelled.
  // A provider that cannot meet `acr_values` has a code too (OpenID Connect Core Error Code unmet_authentication_requirements 1.0).
  if (/^(access_denied|unmet_authentication_requirements|user_cancelled_\w+)$/.test(error)) return "access_denied";
  return NEEDS_USER.test(error) ? "login_required" : "authorization_failed";
}

/** Why a verified ID Token does not fit this sign-in; undefined if it fits. */
export function authenticationError(
  { clockTolerance, differences }: ExchangeConfig,
  { issuer, subject, maxAge, acrValues, organization }: Transaction,
  claims: IdTokenClaims,
  now: number,
): ExchangeErrorCode | undefined {
  // The differences may name an issuer for each tenant, and have compared it when the ID Token was verified.
  if (!differences?.checkClaims && claims.iss !== issuer) return "id_token_invalid";
  const { auth_time: authTime, acr } = claims;
  // OpenID Connect Core 3.1.2.1: in answer to `max_age` the provider must say when the user authenticated.
  if (maxAge !== undefined && !(typeof authTime === "number" && now / 1000 - authTime <= maxAge + clockTolerance)) {
    return "authentication_too_old";
  }
  // OpenID Connect Core 3.1.2.1: `acr_values` alone is a wish of the client, and the provider may sign the user in by less.
  if (acrValues && !acrValues.includes(acr as string)) return "authentication_too_weak";
  if (organization !== undefined && !isMember(organization, claims)) return "organization_mismatch";
  // OpenID Connect Core 3.1.2.1: a sign-in that continues a session must be about the user of that session.
  return subject === undefined || subject === claims.sub ? undefined : "login_required";
}

/** Auth0 Organizations: ids begin with `org_` and are compared exactly, names without regard to case. */
function isMember(organization: string, { org_id: id, org_name: name }: IdTokenClaims): boolean {
  if (organization.startsWith("org_")) return id === organization;
  return typeof name === "string" && name.toLowerCase() === organization.toLowerCase();
}
