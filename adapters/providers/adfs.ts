import { TEXT } from "../../core/options.js";
import type { ProviderOptions } from "../lib/auth-options.js";
import { type DescriptionOptions, describeProvider, hostOf } from "./description.js";

/** The options of {@link adfs}. */
export interface AdfsOptions extends DescriptionOptions {
  /** Required. The host of the federation service. */
  host?: string;
  /** The identifier of the API that access tokens are for (`resource`). ADFS then answers its userinfo endpoint with 401. @default none */
  resource?: string;
}

/**
 * Active Directory Federation Services. Claims beside `sub` come in the ID Token, for the scope `allatclaims` and the response mode
 * `form_post`; userinfo gives `sub` alone: https://learn.microsoft.com/windows-server/identity/ad-fs/development/custom-id-tokens-in-ad-fs,
 * https://github.com/MicrosoftDocs/windowsserverdocs/issues/3888
 *
 * @example
 * ```ts
 * import express from "express";
 * import { auth } from "latchkey/express";
 * import { adfs } from "latchkey/providers";
 *
 * const app = express();
 * app.use(auth({ provider: adfs({ host: "adfs.example.com" }) }));
 * ```
 * @throws MisuseError (`invalid_config`) for an option that is missing, unknown or of another type
 */
export const adfs = (options: AdfsOptions): ProviderOptions =>
  describeProvider("adfs", options, { host: TEXT, resource: TEXT }, ["host"], ({ host = "", resource }) => ({
    issuer: `https://${hostOf(host, "adfs.host")}/adfs`,
    scope: "openid allatclaims",
    responseMode: "form_post",
    ...(resource === undefined ? {} : { authorizationParams: { resource } }),
  }));
