import { ExchangeError } from "../errors.js";
import type { FetchInit, FetchPort } from "../ports.js";
import { readText } from "../request/body.js";
import { type Patience, patienceOf } from "./shared-work.js";

/** A `fetch` with an end: to time, to size, and to redirects. Failures are ExchangeErrors. */
export interface BoundedFetch {
  (url: string, init?: FetchInit): Promise<Response>;
  /** Milliseconds that a request with its body takes at most. */
  readonly timeout: number;
  /** How long its user waits for the loads of other requests. @default anew for each document */
  readonly patience?: Patience;
}

/** A `fetch` with one patience for all documents that an operation needs. */
export const withPatience = (fetch: BoundedFetch): BoundedFetch =>
  Object.assign((url: string, init?: FetchInit) => fetch(url, init), {
    timeout: fetch.timeout,
    patience: patienceOf(fetch.timeout),
  });

/** Plain http is for an issuer on plain http alone. @throws ExchangeError `provider_invalid` */
export function mustBeAsSecure(url: string, issuer: string): void {
  const { protocol } = new URL(issuer);
  if (url.startsWith("https:") || url.startsWith(protocol)) return;
  throw new ExchangeError("provider_invalid", { cause: { url } });
}

/** `timeout` in seconds, for each request with its body. */
export function boundFetch(fetch: FetchPort, timeout: number, issuer: string): BoundedFetch {
  /** Bytes of an answer that are read; discovery documents and key sets have a few thousand. */
  const MAX_BODY = 262_144;
  const milliseconds = Math.ceil(timeout * 1000);

  async function load(url: string, init: FetchInit | undefined, signal: AbortSignal) {
    const response = await fetch(url, { ...init, redirect: "manual", signal });
    return { response, body: await readText(response, MAX_BODY) };
  }

  const bounded = async (url: string, init?: FetchInit): Promise<Response> => {
    mustBeAsSecure(url, issuer);
    const signal = AbortSignal.timeout(milliseconds);
    let loaded: Awaited<ReturnType<typeof load>>;
    try {
      loaded = await Promise.race([load(url, init, signal), aborted(signal)]);
    } catch (cause) {
      throw new ExchangeError("provider_unreachable", { cause });
    }
    const { response, body } = loaded;
    if (body === undefined) throw new ExchangeError("provider_invalid", { cause: { limit: MAX_BODY } });
    const { status, headers } = response;
    // Not the provider's last word: a time-out, too many requests, its own fault, or a redirect that is not shown (status 0).
    if (!status || status === 408 || status === 429 || status >= 500) {
      throw new ExchangeError("provider_unreachable", { cause: { url, status } });
    }
    return new Response(body || null, { status, headers });
  };
  return Object.assign(bounded, { timeout: milliseconds });
}

/** Rejects when the signal aborts: a `fetch` that the app passed in may not heed its signal. */
const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });
