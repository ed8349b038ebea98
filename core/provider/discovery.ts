import {
  type AuthorizationServer,
  allowInsecureRequests,
  type Client,
  type ClientAuth,
  customFetch,
} from "oauth4webapi";
import { ExchangeError } from "../errors.js";
import type { Ports } from "../ports.js";
import { sharedMap } from "../registry.js";
import { answerOf } from "./failures.js";
import type { BoundedFetch } from "./transport.js";

/** What every request to a provider's endpoints needs. */
export interface Access {
  readonly as: AuthorizationServer;
  readonly client: Client;
  readonly auth: ClientAuth;
  readonly fetch: BoundedFetch;
  /** Seconds by which the provider's clock may differ. */
  readonly tolerance: number;
}

/** Milliseconds for which a provider's metadata are believed. */
const LIFETIME = 600_000;

interface Cached {
  readonly metadata: Promise<AuthorizationServer>;
  readonly at: number;
}

const cacheOf = (ports: Ports) => sharedMap<Cached>(ports.fetch, "discovery");

/** What oauth4webapi is told with every request: our bounded fetch, which sees to https as well. */
export const requestOptions = (fetch: BoundedFetch) => ({
  [customFetch]: fetch as never,
  [allowInsecureRequests]: true,
});

/** The provider's metadata (OpenID Connect Discovery 4), cached by issuer. Requests at once share one fetch; a failure is forgotten. */
export function discover(issuer: string, ports: Ports, fetch: BoundedFetch): Promise<AuthorizationServer> {
  const cache = cacheOf(ports);
  const now = ports.now();
  const known = cache.get(issuer);
  if (known && now - known.at < LIFETIME && now >= known.at) return known.metadata;
  const entry = { metadata: load(issuer, fetch), at: now };
  cache.set(issuer, entry);
  entry.metadata.catch(() => {
    if (cache.get(issuer) === entry) cache.delete(issuer);
  });
  return entry.metadata;
}

/** The same metadata in a new object, for all who ask from now on. */
export function renewMetadata(metadata: AuthorizationServer, ports: Ports): AuthorizationServer {
  const copy = { ...metadata };
  cacheOf(ports).set(copy.issuer, { metadata: Promise.resolve(copy), at: ports.now() });
  return copy;
}

async function load(issuer: string, fetch: BoundedFetch): Promise<AuthorizationServer> {
  const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const metadata = (await answerOf(await fetch(url))) as unknown as AuthorizationServer;
  // Discovery 4.3: exactly as configured; `https://op` and `https://op/` are two issuers.
  if (metadata.issuer === issuer) return metadata;
  throw new ExchangeError("provider_invalid", { cause: { configured: issuer, announced: metadata.issuer } });
}
