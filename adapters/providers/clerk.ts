import { TEXT } from "../../core/options.js";
import type { ProviderOptions } from "../lib/auth-options.js";
import { type DescriptionOptions, describeProvider, hostOf } from "./description.js";

/** The options of {@link clerk}. */
export interface ClerkOptions extends DescriptionOptions {
  /** Required. The host of the Frontend API: `clerk.example.com`, or `verb-noun-00.clerk.accounts.dev`. */
  domain?: string;
}

/**
 * Clerk, as the provider of an OAuth application. The issuer is the Frontend API: https://clerk.com/docs/advanced-usage/clerk-idp
 *
 * @example
 * ```ts
 * import express from "express";
 * import { auth } from "latchkey/express";
 * import { clerk } from "latchkey/providers";
 *
 * const app = express();
 * app.use(auth({ provider: clerk({ domain: "clerk.example.com" }) }));
 * ```
 * @throws MisuseError (`invalid_config`) for an option that is missing, unknown or of another type
 */
export const clerk = (options: ClerkOptions): ProviderOptions =>
  describeProvider("clerk", options, { domain: TEXT }, ["domain"], ({ domain = "" }) => ({
    issuer: `https://${hostOf(domain, "clerk.domain")}`,
  }));
