import { ExchangeError } from "../errors.js";
import { isText } from "./claims.js";
import { type CachedDocument, cachedDocument } from "./document-cache.js";
import type { Network } from "./network.js";
import { fetchJson } from "./response.js";
import type { Patience } from "./shared-work.js";

/** The members of a discovery document (OpenID Connect Discovery 3) that latchkey uses. Only `issuer` was checked. */
export interface DiscoveryDocument {
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

/** The provider's discovery document (OpenID Connect Discovery 4), cached by issuer. @throws ExchangeError */
export const discover = (network: Network, patience?: Patience): Promise<DiscoveryDocument> => {
  const { issuer } = network;
  return cachedDocument(network, network.shared<CachedDocument<DiscoveryDocument>>("discovery"), {
    key: issuer,
    patience,
    async load() {
      const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
      const document = await fetchJson(network, url);
      // Discovery 4.3: exactly as configured; `https://op` and `https://op/` are two issuers.
      const { issuer: announced } = document;
      if (announced === issuer) return { ...document, issuer };
      const message = `the issuer is "${issuer}" here, ${isText(announced) ? `the provider says "${announced}"` : "no provider answers"}`;
      throw new ExchangeError("provider_invalid", { cause: { message, issuer, announced } });
    },
  });
};
