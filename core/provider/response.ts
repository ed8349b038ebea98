import { ExchangeError, type ExchangeErrorCode } from "../errors.js";
import { isObject } from "../is-object.js";
import type { FetchInit } from "../ports.js";
import type { Network } from "./network.js";

/** A request whose response is JSON. */
interface JsonRequest extends FetchInit {
  /** The error code for `invalid_grant` (RFC 6749 5.2). @default "provider_invalid" */
  readonly onInvalidGrant?: ExchangeErrorCode | undefined;
  /** Values that are sent, and must not be in an error though the provider repeats them. */
  readonly secrets?: readonly string[];
  /** The redirect URI that is sent, for the error: many providers refuse one that is not registered without naming it. */
  readonly redirectUri?: string | undefined;
}

/**
 * Sends a request, and returns the JSON object in its response.
 * @throws ExchangeError for any other status than success (RFC 6749 5.2), and for a body that is no JSON object
 */
export async function fetchJson(
  { fetch }: Pick<Network, "fetch">,
  endpoint: string,
  { onInvalidGrant = "provider_invalid", secrets = [], redirectUri, ...init }: JsonRequest = {},
): Promise<Readonly<Record<string, unknown>>> {
  const { status, text } = await fetch(endpoint, init);
  const body = (await new Response(text).json().catch(() => undefined)) ?? {};
  if (status < 300 && isObject(body)) return body;
  const { error, error_description: description } = body as Record<string, unknown>;
  // RFC 6749 5.2: these mean the client's registration or credentials.
  const isClientError =
    status === 401 || ["invalid_client", "unauthorized_client", "unsupported_grant_type"].includes(error as string);
  const code = error === "invalid_grant" ? onInvalidGrant : isClientError ? "client_rejected" : "provider_invalid";
  // A provider may repeat what was sent.
  const quote = (value: unknown) =>
    typeof value === "string" ? secrets.reduce((text, secret) => text.replaceAll(secret, "***"), value) : undefined;
  throw new ExchangeError(code, {
    cause: { endpoint, status, error: quote(error), description: quote(description), redirectUri },
  });
}
