import { TEXT } from "../../core/options.js";
import type { ProviderOptions } from "../lib/auth-options.js";
import { type DescriptionOptions, describeProvider, partOf, withoutSlash } from "./description.js";
import { hs256IdTokens } from "./hs256-id-tokens.js";

/** The options of {@link authentik}. */
export interface AuthentikOptions extends DescriptionOptions {
  /** Required. The URL of the server. */
  url?: string;
  /** Required. The slug of the application. */
  application?: string;
  /** The setting "Issuer mode" of the provider: an issuer for each application, or one for all. @default "application" */
  issuerMode?: "application" | "global";
  /**
   * Accepts ID Tokens by HS256 alone, which authentik makes without a signing key. What it costs: `hs256IdTokens` says it. Better choose a
   * signing key at authentik. @default false
   */
  hs256?: boolean;
}

/**
 * authentik. The issuer ends in a slash in each mode: https://github.com/goauthentik/authentik/issues/22556
 *
 * @example
 * ```ts
 * import express from "express";
 * import { auth } from "latchkey/express";
 * import { authentik } from "latchkey/providers";
 *
 * const app = express();
 * app.use(auth({ provider: authentik({ url: "https://id.example.com", application: "shop" }) }));
 * ```
 * @throws MisuseError (`invalid_config`) for an option that is missing, unknown or of another type
 */
export const authentik = (options: AuthentikOptions): ProviderOptions =>
  describeProvider(
    "authentik",
    options,
    { url: TEXT, application: TEXT, issuerMode: TEXT, hs256: true },
    ["url", "application"],
    ({ url = "", application = "", issuerMode = "application", hs256 }) => {
      const base = withoutSlash(url);
      const issuerOfApplication = `${base}/application/o/${partOf(application, "authentik.application")}/`;
      return {
        issuer: issuerMode === "global" ? `${base}/` : issuerOfApplication,
        differences: {
          discoveryUrl: `${issuerOfApplication}.well-known/openid-configuration`,
          ...(hs256 ? { identify: hs256IdTokens() } : {}),
        },
      };
    },
  );
