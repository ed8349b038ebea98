import { tokenSetOf } from "../exchange/token-set.js";
import type { Ports } from "../ports.js";
import type { ConnectedStore } from "../store/store.js";
import { authenticate, type ClientCredentials } from "./client-authentication.js";
import { verifyJws } from "./jose.js";
import { createNetwork } from "./network.js";
import { createProvider, type Provider } from "./provider.js";
import type { RefreshEntry } from "./refresh-entries.js";
import { refreshOnce } from "./refresher.js";
import type { ProviderSettings } from "./settings.js";
import type { RefreshResult } from "./token-endpoint.js";

/** The provider of a server, and the credentials of its client. */
export interface ServerSettings extends ProviderSettings, ClientCredentials {}

/**
 * The provider for a server. If several requests of one session refresh at once, one of them spends the refresh token (refresher.ts):
 * of this process, or with a store of all machines.
 */
export function createServerProvider(settings: ServerSettings, ports: Ports, store?: ConnectedStore): Provider {
  const network = createNetwork(settings, ports);
  const entries = network.shared<RefreshEntry<RefreshResult>>(`refresh ${settings.issuer} ${settings.clientId}`);
  return createProvider({
    ...settings,
    ...network,
    authenticate: (form, endpoint) => authenticate({ ...settings, endpoint }, ports, form),
    verifyJws,
    refreshOnce(request) {
      const spending = {
        ...request,
        tokenKey: JSON.stringify([request.audience, request.scope]),
        mustReplace(result: RefreshResult) {
          const { accessToken, expiresAt = Infinity } = tokenSetOf(result);
          // Empty: the response that brought the refresh token had no access token of use.
          return ["", ...request.currentAccessTokens].includes(accessToken) || expiresAt <= network.now();
        },
      };
      return refreshOnce({ ...network, entries }, store ? store.share(spending, settings) : spending);
    },
  });
}
