import type { ExchangeErrorCode } from "../../core/errors.js";

/** All codes of an ExchangeError, with the HTTP status of each. */
export const exchangeStatus: Readonly<Record<ExchangeErrorCode, number>> = {
  no_transaction: 400,
  transaction_expired: 400,
  state_mismatch: 400,
  issuer_mismatch: 400,
  invalid_response: 400,
  access_denied: 403,
  login_required: 401,
  authorization_failed: 400,
  provider_unreachable: 503,
  provider_invalid: 502,
  client_rejected: 500,
  code_rejected: 400,
  id_token_invalid: 502,
  nonce_mismatch: 400,
  authentication_too_old: 403,
  organization_mismatch: 403,
  no_session: 401,
  no_access_token: 401,
  refresh_required: 401,
  grant_ended: 401,
  session_too_large: 500,
};
