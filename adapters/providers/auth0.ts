import { TEXT } from "../../core/options.js";
import type { ProviderOptions } from "../lib/auth-options.js";
import { type DescriptionOptions, describeProvider, hostOf } from "./description.js";

/** The options of {@link auth0}. */
export interface Auth0Options extends DescriptionOptions {
  /** Required. Only the host: `tenant.eu.auth0.com`, or a custom domain. */
  domain?: string;
  /** Signs in to this organization, by its id or name; the ID Token must name it. @default any */
  organization?: string;
  /** Also ends the session at the user's own identity provider, when the user signs out (parameter `federated`). @default false */
  federatedLogout?: boolean;
  /**
   * Signs out at `/v2/logout`, for a tenant that does not show its end_session endpoint in the discovery document: without it such a
   * tenant keeps its session. @default false
   */
  legacyLogout?: boolean;
}

/**
 * Auth0. Register `baseUrl` + `/auth/callback` as Allowed Callback URL, and `baseUrl` + `postLogoutPath` as Allowed Logout URL.
 *
 * - The issuer ends in a slash: https://auth0.com/docs/get-started/applications/configure-applications-with-oidc-discovery
 * - The end_session endpoint in discovery is a setting of the tenant, and `/v2/logout` takes `returnTo`:
 *   https://auth0.com/docs/authenticate/login/logout/log-users-out-of-auth0
 * - `federated`: https://auth0.com/docs/authenticate/login/logout/log-users-out-of-idps
 *
 * @example
 * ```ts
 * import express from "express";
 * import { auth } from "latchkey/express";
 * import { auth0 } from "latchkey/providers";
 *
 * const app = express();
 * app.use(auth({ provider: auth0({ domain: "tenant.eu.auth0.com" }) }));
 * ```
 * @throws MisuseError (`invalid_config`) for an option that is missing, unknown or of another type
 */
export const auth0 = (options: Auth0Options): ProviderOptions =>
  describeProvider(
    "auth0",
    options,
    { domain: TEXT, organization: TEXT, federatedLogout: true, legacyLogout: true },
    ["domain"],
    ({ domain = "", organization, federatedLogout, legacyLogout }) => {
      const host = hostOf(domain, "auth0.domain");
      const federated = federatedLogout ? { federated: "" } : {};
      return {
        issuer: `https://${host}/`,
        ...(organization === undefined ? {} : { authorizationParams: { organization } }),
        differences: {
          ...(legacyLogout ? { metadata: { end_session_endpoint: `https://${host}/v2/logout` } } : {}),
          ...(legacyLogout || federatedLogout
            ? {
                endSessionParams: (params) =>
                  legacyLogout
                    ? { client_id: params["client_id"], returnTo: params["post_logout_redirect_uri"], ...federated }
                    : { ...params, ...federated },
              }
            : {}),
        },
      };
    },
  );
