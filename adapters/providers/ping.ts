import { must } from "../../core/errors.js";
import { TEXT } from "../../core/options.js";
import type { ProviderOptions } from "../lib/auth-options.js";
import { type DescriptionOptions, describeProvider, partOf, withoutSlash } from "./description.js";

/** The options of {@link ping}. */
export interface PingOptions extends DescriptionOptions {
  /** PingOne: the id of the environment. Set this, or `issuer`. @default none */
  environmentId?: string;
  /** PingOne: the end of the region's domain. @default "com" */
  region?: "com" | "eu" | "ca" | "asia" | "com.au" | "sg";
  /** PingFederate: the issuer of the server. @default none */
  issuer?: string;
}

/**
 * PingOne, or PingFederate. https://developer.pingidentity.com/pingone-api/auth/openid-connect-oauth-2/discovery-openid-configuration.html
 *
 * @example
 * ```ts
 * import express from "express";
 * import { auth } from "latchkey/express";
 * import { ping } from "latchkey/providers";
 *
 * const app = express();
 * app.use(auth({ provider: ping({ environmentId: "11111111-2222-3333-4444-555555555555", region: "eu" }) }));
 * ```
 * @throws MisuseError (`invalid_config`) for an option that is missing, unknown or of another type
 */
export const ping = (options: PingOptions): ProviderOptions =>
  describeProvider(
    "ping",
    options,
    { environmentId: TEXT, region: TEXT, issuer: TEXT },
    [],
    ({ environmentId, region = "com", issuer }) => {
      must((environmentId === undefined) !== (issuer === undefined), "ping: set either environmentId or issuer");
      if (environmentId === undefined) return { issuer: withoutSlash(issuer ?? "") };
      must(/^(com|eu|ca|asia|com\.au|sg)$/.test(region), "ping.region must be com, eu, ca, asia, com.au or sg");
      return { issuer: `https://auth.pingone.${region}/${partOf(environmentId, "ping.environmentId")}/as` };
    },
  );
