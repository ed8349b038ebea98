import { ExchangeError } from "../errors.js";
import { isText } from "./claims.js";
import type { DiscoveryDocument } from "./discovery-document.js";
import { type CachedDocument, cachedDocument } from "./document-cache.js";
import type { Network } from "./network.js";
import { fetchJson } from "./response.js";
import type { Patience } from "./shared-work.js";

/** Where the discovery document of an issuer is (Discovery 4.1). */
export const discoveryUrlOf = (issuer: string): string =>
  `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;

/** The provider's discovery document (OpenID Connect Discovery 4), cached by its URL and issuer. @throws ExchangeError */
export const discover = async (network: Network, patience?: Patience): Promise<DiscoveryDocument> => {
  const { issuer, differences } = network;
  const { metadata, discoveryUrl: url = discoveryUrlOf(issuer) } = differences ?? {};
  const expected = metadata?.issuer ?? issuer;
  if (!url) return { ...metadata, issuer };
  const document = await cachedDocument(network, network.shared<CachedDocument<object>>("discovery"), {
    key: `${expected} ${url}`,
    patience,
    async load() {
      const document = await fetchJson(network, url);
      // Discovery 4.3: exactly as configured; `https://op` and `https://op/` are two issuers.
      const { issuer: announced } = document;
      if (announced === expected) return document;
      const message = `the issuer is "${expected}" here, ${isText(announced) ? `the provider says "${announced}"` : "no provider answers"}`;
      throw new ExchangeError("provider_invalid", { cause: { message, issuer, announced } });
    },
  });
  return { ...document, ...metadata, issuer };
};
