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

/** What may be known of a library's error: never the body that it complains about, which may hold tokens. */
function withoutBody(error: unknown): Record<string, unknown> {
  const { name, code, message, error: reason, status } = (error ?? {}) as Record<string, unknown>;
  return { name, code, message, error: reason, status };
}

function translate(thrown: unknown, invalid: ExchangeErrorCode, onInvalidGrant: ExchangeErrorCode): ExchangeError {
  if (thrown instanceof ExchangeError) return thrown;
  const cause = withoutBody(thrown);
  // A body that could not be had, wrapped by the library.
  const { cause: inner } = (thrown ?? {}) as { cause?: unknown };
  if (inner instanceof ExchangeError) return inner;
  if (thrown instanceof ResponseBodyError) {
    if (thrown.error === "invalid_grant") return new ExchangeError(onInvalidGrant, { cause });
    if (CLIENT_ERRORS.has(thrown.error)) return new ExchangeError("client_rejected", { cause });
  }
  if (thrown instanceof WWWAuthenticateChallengeError && thrown.status === 401) {
    return new ExchangeError("client_rejected", { cause });
  }
  if (thrown instanceof AuthorizationResponseError) return new ExchangeError("authorization_failed", { cause });
  return new ExchangeError(invalid, { cause });
}
