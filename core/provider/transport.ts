import { ExchangeError } from "../errors.js";
import type { FetchInit, FetchPort } from "../ports.js";

/** Bytes of an answer that are read; discovery documents and key sets have a few thousand. */
const MAX_BODY = 262_144;

/** A `fetch` with an end: to time, to size, and to redirects. Failures are ExchangeErrors. */
export type BoundedFetch = (url: string, init?: FetchInit) => Promise<Response>;

/** `timeout` in seconds, for each request with its body. */
export function boundFetch(fetch: FetchPort, timeout: number): BoundedFetch {
  return async (url, init = {}) => {
    const signal = AbortSignal.timeout(timeout * 1000);
    let response: Response;
    let body: string;
    try {
      response = await fetch(url, { ...init, redirect: "manual", signal });
      body = await readCapped(response);
    } catch (cause) {
      if (cause instanceof ExchangeError) throw cause;
      throw new ExchangeError("provider_unreachable", { cause });
    }
    const { status, headers } = response;
    if (isTransient(status)) throw new ExchangeError("provider_unreachable", { cause: { url, status } });
    return new Response(status === 204 || status === 304 ? null : body, { status, headers });
  };
}

/** Not the provider's last word: a time-out, too many requests, or its own fault. */
const isTransient = (status: number): boolean => status === 408 || status === 429 || status >= 500;

async function readCapped(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (!reader) return "";
  const decoder = new TextDecoder();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (let step = await reader.read(); !step.done; step = await reader.read()) {
    size += step.value.length;
    if (size > MAX_BODY) {
      await reader.cancel();
      throw new ExchangeError("provider_invalid", { cause: { limit: MAX_BODY } });
    }
    chunks.push(step.value);
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return decoder.decode(whole);
}
