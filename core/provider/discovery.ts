import { ExchangeError } from "../errors.js";
import type { Ports } from "../ports.js";
import { sharedMap } from "../registry.js";
import { type Entry, recall } from "./cache.js";
import { answerOf } from "./failures.js";
import type { BoundedFetch } from "./transport.js";

/** What a provider announces (OpenID Connect Discovery 3), as far as it is used: what it says there may be anything. */
export interface Metadata {
  readonly issuer: string;
  readonly jwks_uri?: unknown;
  readonly authorization_endpoint?: unknown;
  readonly token_endpoint?: unknown;
  readonly userinfo_endpoint?: unknown;
  readonly revocation_endpoint?: unknown;
  readonly end_session_endpoint?: unknown;
  readonly pushed_authorization_request_endpoint?: unknown;
  readonly authorization_response_iss_parameter_supported?: unknown;
}

/** Milliseconds for which a provider's metadata and keys are believed. */
export const LIFETIME = 600_000;

/** The provider's metadata (OpenID Connect Discovery 4), cached by issuer. */
export const discover = (issuer: string, ports: Ports, fetch: BoundedFetch): Promise<Metadata> =>
  recall(sharedMap<Entry<Metadata>>(ports.fetch, "discovery"), issuer, ports, {
    lifetime: LIFETIME,
    fetch,
    async load() {
      const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
      const metadata = (await answerOf(await fetch(url))) as unknown as Metadata;
      // Discovery 4.3: exactly as configured; `https://op` and `https://op/` are two issuers.
      if (metadata.issuer === issuer) return metadata;
      throw new ExchangeError("provider_invalid", { cause: { configured: issuer, announced: metadata.issuer } });
    },
  });
