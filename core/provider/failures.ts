import { AuthorizationResponseError, ResponseBodyError, WWWAuthenticateChallengeError } from "oauth4webapi";
import { ExchangeError, type ExchangeErrorCode } from "../errors.js";

/** Errors of the token endpoint that mean our registration or credentials (RFC 6749 5.2). */
const CLIENT_ERRORS = new Set(["invalid_client", "unauthorized_client", "unsupported_grant_type"]);

/**
 * Runs a task of the protocol; whatever it throws becomes an ExchangeError: `invalid` for an answer that breaks the
 * protocol, `onInvalidGrant` for that error of the token endpoint.
 */
export async function asExchangeError<T>(
  invalid: ExchangeErrorCode,
  task: () => Promise<T>,
  onInvalidGrant: ExchangeErrorCode = invalid,
): Promise<T> {
  try {
    return await task();
  } catch (cause) {
    throw translate(cause, invalid, onInvalidGrant);
  }
}

function translate(cause: unknown, invalid: ExchangeErrorCode, onInvalidGrant: ExchangeErrorCode): ExchangeError {
  if (cause instanceof ExchangeError) return cause;
  // A body that could not be had, wrapped by the library.
  const { cause: inner } = (cause ?? {}) as { cause?: unknown };
  if (inner instanceof ExchangeError) return inner;
  if (cause instanceof ResponseBodyError) {
    if (cause.error === "invalid_grant") return new ExchangeError(onInvalidGrant, { cause });
    if (CLIENT_ERRORS.has(cause.error)) return new ExchangeError("client_rejected", { cause });
  }
  if (cause instanceof WWWAuthenticateChallengeError && cause.status === 401) {
    return new ExchangeError("client_rejected", { cause });
  }
  if (cause instanceof AuthorizationResponseError) return new ExchangeError("authorization_failed", { cause });
  return new ExchangeError(invalid, { cause });
}
