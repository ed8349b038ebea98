import { tokenSetOf } from "../exchange/token-life.js";
import type { Ports } from "../ports.js";
import { sharedMap } from "../registry.js";
import { authenticate, type ClientCredentials } from "./client-authentication.js";
import { verifyWithJose } from "./jose.js";
import { createProvider, type Provider, type ProviderSettings, type RefreshResult } from "./provider.js";
import { type Entry, refreshOnce } from "./refresher.js";

/** Who a server is to which provider, and how it proves it. */
export interface ServerSettings extends ProviderSettings, ClientCredentials {}

/**
 * The provider as a server sees it: many requests of one session at once spend its refresh token once in this process, and
 * the result serves requests that hold the spent one: for 30 s, or until 30 s after a response with the result has left, an hour
 * at most.
 */
export function createServerProvider(settings: ServerSettings, ports: Ports): Provider {
  const { issuer, clientId, httpTimeout } = settings;
  const refreshes = sharedMap<Entry<RefreshResult>>(ports.fetch, `refresh ${issuer} ${clientId}`);
  return createProvider(settings, ports, {
    authenticate: (form) => authenticate(settings, ports, form),
    verify: verifyWithJose,
    spendOnce: ({ input, prepare, spend }) =>
      refreshOnce(refreshes, ports, Math.ceil(httpTimeout * 1000), {
        refreshToken: input.refreshToken,
        purpose: JSON.stringify([input.audience, input.scope]),
        isOfNoUse({ response }) {
          const { accessToken, expiresAt = Infinity } = tokenSetOf(response);
          return input.held.includes(accessToken) || expiresAt <= ports.now();
        },
        prepare,
        spend,
      }),
  });
}
