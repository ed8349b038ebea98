import { TEXT } from "../../core/options.js";
import type { ProviderOptions } from "../lib/auth-options.js";
import { type DescriptionOptions, describeProvider, partOf, withoutSlash } from "./description.js";
import { hs256IdTokens } from "./hs256-id-tokens.js";

/** The options of {@link fusionauth}. */
export interface FusionauthOptions extends DescriptionOptions {
  /** Required. The URL of the server. */
  url?: string;
  /** The issuer of the tenant, as its settings name it. @default `url` */
  issuer?: string;
  /** The id of the tenant, of which there may be several. @default the default tenant */
  tenantId?: string;
  /**
   * Accepts ID Tokens by HS256 alone, which older set-ups make. What it costs: `hs256IdTokens` says it. Better choose an RSA key at the
   * application. @default false
   */
  hs256?: boolean;
}

/**
 * FusionAuth.
 *
 * - The id of the tenant is behind the discovery document: https://github.com/FusionAuth/fusionauth-issues/issues/1792
 * - HS256 by default in older set-ups: https://github.com/FusionAuth/fusionauth-issues/issues/57
 *
 * @example
 * ```ts
 * import express from "express";
 * import { auth } from "latchkey/express";
 * import { fusionauth } from "latchkey/providers";
 *
 * const app = express();
 * app.use(auth({ provider: fusionauth({ url: "https://fusionauth.example.com", issuer: "https://acme.example.com" }) }));
 * ```
 * @throws MisuseError (`invalid_config`) for an option that is missing, unknown or of another type
 */
export const fusionauth = (options: FusionauthOptions): ProviderOptions =>
  describeProvider(
    "fusionauth",
    options,
    { url: TEXT, issuer: TEXT, tenantId: TEXT, hs256: true },
    ["url"],
    ({ url = "", issuer, tenantId, hs256 }) => {
      const document = `${withoutSlash(url)}/.well-known/openid-configuration`;
      return {
        issuer: issuer ?? withoutSlash(url),
        differences: {
          discoveryUrl: tenantId === undefined ? document : `${document}/${partOf(tenantId, "fusionauth.tenantId")}`,
          ...(hs256 ? { identify: hs256IdTokens() } : {}),
        },
      };
    },
  );
