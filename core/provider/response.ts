import { ExchangeError, type ExchangeErrorCode } from "../errors.js";
import { isObject } from "../is-object.js";
import { mask } from "../mask.js";
import type { FetchInit } from "../ports.js";
import { isText } from "./claims.js";
import type { Network } from "./network.js";

/** A request whose response is JSON. */
interface JsonRequest extends FetchInit {
  readonly headers?: Record<string, string>;
  readonly body?: string;
  /** The error code for `invalid_grant` (RFC 6749 5.2). @default "provider_invalid" */
  readonly onInvalidGrant?: ExchangeErrorCode | undefined;
}

/** Parameters whose values must not get into an error: some providers repeat them in a description. */
const SECRET = /secret|assertion$|^code$|ier$|enge$|token|state|nonce/;

/**
 * Sends a request, and returns the JSON object in its response.
 * @throws ExchangeError for any other status than success (RFC 6749 5.2), and for a body that is no JSON object
 */
export async function fetchJson(
  { fetch, clientSecret }: Pick<Network, "fetch"> & { readonly clientSecret?: string | undefined },
  endpoint: string,
  { onInvalidGrant = "provider_invalid", ...init }: JsonRequest = {},
): Promise<Readonly<Record<string, unknown>>> {
  const { status, text } = await fetch(endpoint, init);
  const body = (await new Response(text).json().catch(() => undefined)) ?? {};
  const { error, error_description: description } = body as Record<string, unknown>;
  // GitHub and others answer 200 with an error in the place of tokens.
  if (status < 300 && isObject(body) && !isText(error)) return body;
  // RFC 6749 5.2: these mean the client's registration or credentials.
  const isClientError =
    status === 401 || ["invalid_client", "unauthorized_client", "unsupported_grant_type"].includes(error as string);
  const code = error === "invalid_grant" ? onInvalidGrant : isClientError ? "client_rejected" : "provider_invalid";
  const form = new URLSearchParams(init.body);
  // A provider may repeat what was sent: the credentials of the Authorization header, or what it decoded of them.
  const secrets = [clientSecret, init.headers?.["authorization"]?.split(" ")[1]];
  for (const [name, value] of form) if (SECRET.test(name)) secrets.push(value);
  const quote = (value: unknown) => (typeof value === "string" ? mask(value, secrets) : undefined);
  throw new ExchangeError(code, {
    cause: {
      endpoint,
      status,
      error: quote(error),
      description: quote(description),
      // For advice: many providers refuse one that is not registered without naming it.
      redirectUri: form.get("redirect_uri") ?? undefined,
    },
  });
}
