import { TEXT } from "../../core/options.js";
import type { ProviderOptions } from "../lib/auth-options.js";
import { type DescriptionOptions, describeProvider, partOf, withoutSlash } from "./description.js";

/** The options of {@link keycloak}. */
export interface KeycloakOptions extends DescriptionOptions {
  /** Required. The URL of the server, with its path if it has one (`/auth` before version 17). */
  url?: string;
  /** Required. The name of the realm. */
  realm?: string;
  /**
   * Whether authorization requests are pushed (RFC 9126). A pushed request was reported to lose `kc_idp_hint` (mended in 2026) and `acr_values`, and before
   * September 2023 Keycloak refused those of public clients. @default true
   */
  par?: boolean;
}

/**
 * Keycloak.
 *
 * - Pushed requests lose parameters: https://github.com/keycloak/keycloak/pull/47244, and those of public clients were refused:
 *   https://github.com/keycloak/keycloak/issues/8939
 * - Before December 2024 a revocation also ended the user's consent and other sessions
 *   (https://github.com/keycloak/keycloak/issues/35486): `revocation: false` leaves the refresh token as it is.
 *
 * @example
 * ```ts
 * import express from "express";
 * import { auth } from "latchkey/express";
 * import { keycloak } from "latchkey/providers";
 *
 * const app = express();
 * app.use(auth({ provider: keycloak({ url: "https://sso.example.com", realm: "shop" }) }));
 * ```
 * @throws MisuseError (`invalid_config`) for an option that is missing, unknown or of another type
 */
export const keycloak = (options: KeycloakOptions): ProviderOptions =>
  describeProvider(
    "keycloak",
    options,
    { url: TEXT, realm: TEXT, par: true },
    ["url", "realm"],
    ({ url = "", realm = "", par }) => ({
      issuer: `${withoutSlash(url)}/realms/${partOf(realm, "keycloak.realm")}`,
      differences: par === false ? { metadata: { pushed_authorization_request_endpoint: undefined } } : {},
    }),
  );
