import { tokenSetOf } from "../exchange/token-set.js";
import type { Ports } from "../ports.js";
import { authenticate, type ClientCredentials } from "./client-authentication.js";
import { verifyWithJose } from "./jose.js";
import { createNetwork } from "./network.js";
import { createProvider, type Provider } from "./provider.js";
import type { RefreshEntry } from "./refresh-entries.js";
import { refreshOnce } from "./refresher.js";
import type { ProviderSettings } from "./settings.js";
import type { RefreshResult } from "./token-endpoint.js";

/** Which provider a server uses, and how it authenticates as the client. */
export interface ServerSettings extends ProviderSettings, ClientCredentials {}

/**
 * The provider for a server. When several requests of one session refresh at once, the process spends the refresh token once.
 * The result serves requests that still have the spent token: for 30 s, or until 30 s after a response with the result was sent,
 * an hour at most.
 */
export function createServerProvider(settings: ServerSettings, ports: Ports): Provider {
  const network = createNetwork(settings, ports);
  const entries = network.shared<RefreshEntry<RefreshResult>>(`refresh ${settings.issuer} ${settings.clientId}`);
  return createProvider({
    ...settings,
    ...network,
    authenticate: (form) => authenticate(settings, ports, form),
    verifyJws: verifyWithJose,
    refreshOnce: (request) =>
      refreshOnce(
        { ...network, entries },
        {
          ...request,
          purpose: JSON.stringify([request.audience, request.scope]),
          isUseless(result) {
            const { accessToken, expiresAt = Infinity } = tokenSetOf(result);
            return request.currentAccessTokens.includes(accessToken) || expiresAt <= network.now();
          },
        },
      ),
  });
}
