import { TEXT } from "../../core/options.js";
import type { ProviderOptions } from "../lib/auth-options.js";
import { type DescriptionOptions, describeProvider, hostOf } from "./description.js";

/** The options of {@link salesforce}. */
export interface SalesforceOptions extends DescriptionOptions {
  /** Required. The My Domain of the org: `my-org.my.salesforce.com`; or the host of an Experience Cloud site. */
  domain?: string;
}

/**
 * Salesforce. The issuer is the org's own domain, not `login.salesforce.com`: https://github.com/nextauthjs/next-auth/issues/11917
 *
 * @example
 * ```ts
 * import express from "express";
 * import { auth } from "latchkey/express";
 * import { salesforce } from "latchkey/providers";
 *
 * const app = express();
 * app.use(auth({ provider: salesforce({ domain: "my-org.my.salesforce.com" }) }));
 * ```
 * @throws MisuseError (`invalid_config`) for an option that is missing, unknown or of another type
 */
export const salesforce = (options: SalesforceOptions): ProviderOptions =>
  describeProvider("salesforce", options, { domain: TEXT }, ["domain"], ({ domain = "" }) => ({
    issuer: `https://${hostOf(domain, "salesforce.domain")}`,
  }));
