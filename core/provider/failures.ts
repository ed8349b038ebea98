import { ExchangeError, type ExchangeErrorCode } from "../errors.js";
import { isObject } from "../is-object.js";

/** Errors of an endpoint that mean our registration or credentials (RFC 6749 5.2). */
const CLIENT_ERRORS = ["invalid_client", "unauthorized_client", "unsupported_grant_type"];

/** Runs a task of the protocol: what it throws is an ExchangeError, `invalid` for an answer that breaks the protocol. */
export async function asExchangeError<T>(invalid: ExchangeErrorCode, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (thrown) {
    if (thrown instanceof ExchangeError) throw thrown;
    // Never the body that a library complains about, which may hold tokens.
    const { name, code, message } = thrown as Error & { code?: unknown };
    throw new ExchangeError(invalid, { cause: { name, code, message } });
  }
}

/**
 * What an endpoint said, as an object.
 * @throws ExchangeError for any status but success (RFC 6749 5.2); `onInvalidGrant` when that is its reason
 */
export async function answerOf(
  response: Response,
  onInvalidGrant: ExchangeErrorCode = "provider_invalid",
): Promise<Readonly<Record<string, unknown>>> {
  const body = (await response.json().catch(() => undefined)) ?? {};
  if (response.ok && isObject(body)) return body;
  const { status } = response;
  const { error, error_description: description } = body as Record<string, unknown>;
  const isOurs = status === 401 || CLIENT_ERRORS.includes(error as string);
  const code = error === "invalid_grant" ? onInvalidGrant : isOurs ? "client_rejected" : "provider_invalid";
  throw new ExchangeError(code, { cause: { status, error, description } });
}
