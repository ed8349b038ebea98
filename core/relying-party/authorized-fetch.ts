import { ExchangeError, MisuseError } from "../errors.js";
import type { TokenRequest } from "../exchange/token-set.js";
import type { FetchInit } from "../ports.js";
import { getAccessToken } from "./access-token.js";
import type { RequestContext } from "./request-context.js";

/** `fetch` with the session's access token, to allow-listed origins only. */
export async function authorizedFetch<Data>(
  context: RequestContext<Data>,
  url: string | URL,
  init: FetchInit = {},
  request: TokenRequest = {},
): Promise<Response> {
  const { config } = context;
  // Not called as a method: the platform's own `fetch` refuses another `this`.
  const { fetch } = context.ports;
  const { origin, href, username, password, protocol } = new URL(url);
  const isPlain = protocol.startsWith("http") && !username && !password;
  if (!isPlain || !config.apiOrigins.includes(origin)) {
    throw new MisuseError("origin_not_allowed", "add the API's origin to apiOrigins");
  }
  const send = async (tokenRequest: TokenRequest) => {
    const headers = new Headers(init.headers);
    headers.set("authorization", `Bearer ${await getAccessToken(context, tokenRequest)}`);
    // Redirects are not followed by default: some runtimes send Authorization on to wherever one leads.
    return fetch(href, { redirect: "manual", ...init, headers });
  };
  const response = await send(request);
  // A stream is gone once it was sent.
  const { getReader: isStream } = (init.body ?? {}) as Partial<ReadableStream>;
  if (response.status !== 401 || isStream) return response;
  try {
    return await send({ ...request, refresh: true });
  } catch (error) {
    // Without a newer token the API's own response stands.
    if (error instanceof ExchangeError && error.code !== "grant_ended") return response;
    throw error;
  }
}
