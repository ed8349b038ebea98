import { must } from "../../core/errors.js";
import { TEXT } from "../../core/options.js";
import type { ProviderOptions } from "../lib/auth-options.js";
import { type DescriptionOptions, describeProvider, hostOf } from "./description.js";

/** The options of {@link zitadel}. */
export interface ZitadelOptions extends DescriptionOptions {
  /** Required. The host of the instance: `my-app-1a2b3c.zitadel.cloud`, or your own. */
  domain?: string;
  /**
   * Accepts ID Tokens for several audiences without `azp`; it needs `clientId` here. What it costs: nothing then says that the token was
   * issued to this client, and not to another app of the project that is in `aud` too. @default false
   */
  acceptMissingAzp?: boolean;
}

/**
 * Zitadel. The `aud` of its ID Tokens lists the project and its other apps: https://github.com/BookStackApp/BookStack/pull/4147
 *
 * @example
 * ```ts
 * import express from "express";
 * import { auth } from "latchkey/express";
 * import { zitadel } from "latchkey/providers";
 *
 * const app = express();
 * app.use(auth({ provider: zitadel({ domain: "my-app.zitadel.cloud" }) }));
 * ```
 * @throws MisuseError (`invalid_config`) for an option that is missing, unknown or of another type
 */
export const zitadel = (options: ZitadelOptions): ProviderOptions =>
  describeProvider(
    "zitadel",
    options,
    { domain: TEXT, acceptMissingAzp: true },
    ["domain"],
    ({ domain = "", acceptMissingAzp, clientId }) => {
      must(!acceptMissingAzp || clientId, "zitadel.acceptMissingAzp needs zitadel.clientId");
      return {
        issuer: `https://${hostOf(domain, "zitadel.domain")}`,
        differences: acceptMissingAzp
          ? { checkClaims: ({ azp }) => ({ azp: azp === undefined || azp === clientId }) }
          : {},
      };
    },
  );
