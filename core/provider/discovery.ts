import {
  type AuthorizationServer,
  allowInsecureRequests,
  customFetch,
  discoveryRequest,
  processDiscoveryResponse,
} from "oauth4webapi";
import { ExchangeError } from "../errors.js";
import type { Ports } from "../ports.js";
import { sharedMap } from "../registry.js";
import { asExchangeError } from "./failures.js";
import type { BoundedFetch } from "./transport.js";

/** Milliseconds for which a provider's documents are believed. */
export const LIFETIME = 600_000;

/** A public document, and when it was asked for. */
export interface Cached<Value> {
  readonly value: Promise<Value>;
  readonly at: number;
}

/** Requests at once share one fetch; a failure is forgotten. */
export function cached<Value>(
  map: Map<string, Cached<Value>>,
  key: string,
  now: number,
  load: () => Promise<Value>,
): Promise<Value> {
  const known = map.get(key);
  if (known && now - known.at < LIFETIME && now >= known.at) return known.value;
  const entry: Cached<Value> = { at: now, value: load() };
  map.set(key, entry);
  entry.value.catch(() => {
    if (map.get(key) === entry) map.delete(key);
  });
  return entry.value;
}

/** What oauth4webapi is told with every request: our bounded fetch, and plain http on loopback only. */
export function requestOptions(fetch: BoundedFetch, issuer: string) {
  return {
    [customFetch]: fetch as never,
    [allowInsecureRequests]: new URL(issuer).protocol === "http:",
  };
}

/** The provider's metadata (OpenID Connect Discovery 4), cached by issuer. */
export function discover(issuer: string, ports: Ports, fetch: BoundedFetch): Promise<AuthorizationServer> {
  const map = sharedMap<Cached<AuthorizationServer>>(ports.fetch, "discovery");
  return cached(map, issuer, ports.now(), async () => {
    const metadata = await asExchangeError("provider_invalid", async () => {
      const identifier = new URL(issuer);
      const response = await discoveryRequest(identifier, requestOptions(fetch, issuer));
      return processDiscoveryResponse(identifier, response);
    });
    // Discovery 4.3: exactly as configured; `https://op` and `https://op/` are two issuers.
    if (metadata.issuer !== issuer) {
      throw new ExchangeError("provider_invalid", { cause: { configured: issuer, announced: metadata.issuer } });
    }
    return metadata;
  });
}
