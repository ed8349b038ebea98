import { ExchangeError } from "../errors.js";
import type { FetchInit, FetchPort } from "../ports.js";

/** Bytes of an answer that are read; discovery documents and key sets have a few thousand. */
const MAX_BODY = 262_144;

/** A `fetch` with an end: to time, to size, and to redirects. Failures are ExchangeErrors. */
export type BoundedFetch = (url: string, init?: FetchInit) => Promise<Response>;

/** `timeout` in seconds, for each request with its body. Plain http goes to an issuer on plain http alone. */
export function boundFetch(fetch: FetchPort, timeout: number, issuer: string): BoundedFetch {
  const { protocol } = new URL(issuer);
  return async (url, init) => {
    if (!url.startsWith("https:") && !url.startsWith(protocol)) {
      throw new ExchangeError("provider_invalid", { cause: { url } });
    }
    let response: Response;
    let body: string;
    try {
      response = await fetch(url, { ...init, redirect: "manual", signal: AbortSignal.timeout(timeout * 1000) });
      body = await readCapped(response);
    } catch (cause) {
      throw cause instanceof ExchangeError ? cause : new ExchangeError("provider_unreachable", { cause });
    }
    const { status, headers } = response;
    // Not the provider's last word: a time-out, too many requests, or its own fault.
    if (status === 408 || status === 429 || status >= 500) {
      throw new ExchangeError("provider_unreachable", { cause: { url, status } });
    }
    return new Response(body || null, { status, headers });
  };
}

async function readCapped({ body }: Response): Promise<string> {
  const reader = body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for (let part = await reader?.read(); part?.value; part = await reader?.read()) {
    size += part.value.length;
    if (size > MAX_BODY) {
      await reader?.cancel();
      throw new ExchangeError("provider_invalid", { cause: { limit: MAX_BODY } });
    }
    text += decoder.decode(part.value, { stream: true });
  }
  return text;
}
