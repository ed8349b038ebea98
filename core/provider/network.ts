import { ExchangeError } from "../errors.js";
import type { FetchInit, Ports } from "../ports.js";
import { sharedMap } from "../registry.js";
import { readText } from "../request/body.js";
import type { ProviderSettings } from "./settings.js";

/** A response that was read whole. */
interface WholeResponse {
  readonly status: number;
  readonly text: string;
}

/**
 * The part of the app's ports that this room uses. The `fetch` of the ports stays in this file, so that no other file can send a
 * request without limits.
 */
export interface Network extends Pick<Ports, "now" | "sleep"> {
  readonly issuer: string;
  readonly differences?: ProviderSettings["differences"];
  /** Milliseconds that a request may take, with the body of its response. */
  readonly timeout: number;
  /** A `fetch` that limits the time, the size and the redirects of a request. @throws ExchangeError */
  readonly fetch: (url: string, init?: FetchInit) => Promise<WholeResponse>;
  /** A map of this name, shared by all copies of this package in the process that use the same `fetch`. */
  shared<Value>(name: string): Map<string, Value>;
}

/** The network of one provider. */
export function createNetwork(
  { issuer, differences, httpTimeout }: Pick<ProviderSettings, "issuer" | "differences" | "httpTimeout">,
  { fetch, ...ports }: Ports,
): Network {
  const timeout = Math.ceil(httpTimeout * 1000);
  /** Bytes of a response that are read; discovery documents and key sets have a few thousand. */
  const MAX_BODY = 262_144;
  return {
    ...ports,
    issuer,
    differences,
    timeout,
    shared: (name) => sharedMap(fetch, name),
    async fetch(url, init) {
      mustBeAsSecure(url, issuer);
      const signal = AbortSignal.timeout(timeout);
      const load = async () => {
        const response = await fetch(url, { ...init, redirect: "manual", signal });
        return { status: response.status, text: await readText(response, MAX_BODY) };
      };
      const { status, text } = await Promise.race([load(), rejectOnAbort(signal)]).catch((cause) => {
        throw new ExchangeError("provider_unreachable", { cause: { url, reason: cause } });
      });
      if (text === undefined) throw new ExchangeError("provider_invalid", { cause: { url, limit: MAX_BODY } });
      // Failures that may pass: a time-out, too many requests, an error of the provider's own; and a redirect as a browser
      // shows it, with status 0. On a server a redirect has its own status, and the caller refuses it as `provider_invalid`.
      if (!status || status === 408 || status === 429 || status >= 500) {
        throw new ExchangeError("provider_unreachable", { cause: { url, status } });
      }
      return { status, text };
    },
  };
}

/** Allows plain http only for an issuer on plain http. @throws ExchangeError `provider_invalid` */
export function mustBeAsSecure(url: string, issuer: string): void {
  const { protocol } = new URL(issuer);
  if (url.startsWith("https:") || url.startsWith(protocol)) return;
  throw new ExchangeError("provider_invalid", { cause: { url } });
}

/** Rejects when the signal aborts: a `fetch` that the app passed in may ignore its signal. */
const rejectOnAbort = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });
