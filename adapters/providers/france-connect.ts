import { TEXT } from "../../core/options.js";
import type { ProviderOptions } from "../lib/auth-options.js";
import { type DescriptionOptions, describeProvider } from "./description.js";

/** The options of {@link franceConnect}. */
export interface FranceConnectOptions extends DescriptionOptions {
  /** The level of assurance (`acr_values`). @default "eidas1" */
  acrValues?: string;
  /** The integration environment, whose users are not real. @default false */
  integration?: boolean;
}

/**
 * FranceConnect (not FranceConnect+, whose ID Tokens can be encrypted).
 *
 * - Endpoints, `acr_values` and the logout: https://docs.partenaires.franceconnect.gouv.fr/fs/fs-technique/fs-technique-endpoints/
 *
 * @example
 * ```ts
 * import express from "express";
 * import { auth } from "latchkey/express";
 * import { franceConnect } from "latchkey/providers";
 *
 * const app = express();
 * app.use(auth({ provider: franceConnect({ integration: true }) }));
 * ```
 * @throws MisuseError (`invalid_config`) for an option that is unknown or of another type
 */
export const franceConnect = (options: FranceConnectOptions): ProviderOptions =>
  describeProvider(
    "franceConnect",
    options,
    { acrValues: TEXT, integration: true },
    [],
    ({ acrValues = "eidas1", integration }) => ({
      issuer: integration
        ? "https://fcp-low.integ01.dev-franceconnect.fr/api/v2"
        : "https://oidc.franceconnect.gouv.fr/api/v2",
      scope: "openid given_name family_name email",
      clientAuthentication: "client_secret_post",
      authorizationParams: { acr_values: acrValues },
      // FranceConnect wants a `state` at the logout. latchkey needs none: the session here has ended before the browser leaves.
      differences: { endSessionParams: (params) => ({ ...params, state: "logout" }) },
    }),
  );
