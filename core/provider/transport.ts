import { readText } from "../body.js";
import { ExchangeError } from "../errors.js";
import type { FetchInit, FetchPort } from "../ports.js";

/** A `fetch` with an end: to time, to size, and to redirects. Failures are ExchangeErrors. */
export type BoundedFetch = (url: string, init?: FetchInit) => Promise<Response>;

/** `timeout` in seconds, for each request with its body. Plain http goes to an issuer on plain http alone. */
export function boundFetch(fetch: FetchPort, timeout: number, issuer: string): BoundedFetch {
  /** Bytes of an answer that are read; discovery documents and key sets have a few thousand. */
  const MAX_BODY = 262_144;
  const { protocol } = new URL(issuer);
  return async (url, init) => {
    if (!url.startsWith("https:") && !url.startsWith(protocol)) {
      throw new ExchangeError("provider_invalid", { cause: { url } });
    }
    let response: Response;
    let body: string | undefined;
    try {
      response = await fetch(url, { ...init, redirect: "manual", signal: AbortSignal.timeout(timeout * 1000) });
      body = await readText(response, MAX_BODY);
    } catch (cause) {
      throw new ExchangeError("provider_unreachable", { cause });
    }
    if (body === undefined) throw new ExchangeError("provider_invalid", { cause: { limit: MAX_BODY } });
    const { status, headers } = response;
    // Not the provider's last word: a time-out, too many requests, its own fault, or a redirect that is not shown (status 0).
    if (!status || status === 408 || status === 429 || status >= 500) {
      throw new ExchangeError("provider_unreachable", { cause: { url, status } });
    }
    return new Response(body || null, { status, headers });
  };
}
