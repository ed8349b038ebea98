import type { Awaitable } from "../awaitable.js";
import { ExchangeError, type ExchangeErrorCode } from "../errors.js";
import type { RequestParameters } from "../exchange/types.js";
import { discover } from "./discovery.js";
import type { DiscoveryDocument } from "./discovery-document.js";
import { mustBeAsSecure, type Network } from "./network.js";
import { fetchJson } from "./response.js";

/** An endpoint by its name in the discovery document. */
export type EndpointName = Exclude<
  keyof DiscoveryDocument,
  "issuer" | "authorization_response_iss_parameter_supported"
>;

/** Authenticates the client in a request to an endpoint: adds to its form, or gives further headers (RFC 6749 2.3). */
export type AuthenticateClient = (form: URLSearchParams, endpoint: string) => Awaitable<Record<string, string>>;

/**
 * Adds the parameters to a prepared POST and sends it at once: its time-out begins with the call. Returns the JSON object of the
 * response.
 * @param onInvalidGrant the error code for `invalid_grant` (RFC 6749 5.2); default `provider_invalid`
 * @throws ExchangeError
 */
export type PreparedRequest = (
  parameters: RequestParameters,
  onInvalidGrant?: ExchangeErrorCode,
) => Promise<Readonly<Record<string, unknown>>>;

/**
 * The URL of an endpoint, whose scheme is as secure as the issuer's.
 * @throws ExchangeError `provider_invalid`, with the endpoint's name, when the discovery document has no such URL
 */
export function endpointUrl(document: DiscoveryDocument, name: EndpointName): URL {
  const { [name]: value, issuer } = document;
  let url: URL;
  try {
    url = new URL(`${value}`);
  } catch {
    throw new ExchangeError("provider_invalid", {
      cause: { endpoint: name, reason: "no URL" },
    });
  }
  mustBeAsSecure(url.href, issuer);
  return url;
}

/** The URL of an endpoint for the browser; a query that it has stays (RFC 6749 3.1). @throws ExchangeError `provider_invalid` */
export function browserUrl(document: DiscoveryDocument, name: EndpointName, parameters: RequestParameters): string {
  const url = endpointUrl(document, name);
  fill(url.searchParams, parameters);
  return url.href;
}

/** Prepares a POST of this client to an endpoint: finds the endpoint and authenticates the client. */
export async function prepareRequest(
  client: Network & { readonly authenticate: AuthenticateClient },
  name: EndpointName,
): Promise<PreparedRequest> {
  const { href } = endpointUrl(await discover(client), name);
  const form = new URLSearchParams();
  const headers = {
    accept: "application/json",
    "content-type": "application/x-www-form-urlencoded",
    ...(await client.authenticate(form, href)),
  };
  return (parameters, onInvalidGrant) => {
    fill(form, parameters);
    // As text: the `fetch` of another realm, such as jsdom's, does not recognise this realm's URLSearchParams as a form.
    return fetchJson(client, href, { method: "POST", headers, body: `${form}`, onInvalidGrant });
  };
}

/** Sets parameters; those of the same names are replaced. */
function fill(form: URLSearchParams, parameters: RequestParameters): void {
  for (const name in parameters) {
    form.delete(name);
    for (const value of [parameters[name] ?? []].flat()) form.append(name, value);
  }
}
