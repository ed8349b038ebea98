import { TEXT } from "../../core/options.js";
import type { ProviderOptions } from "../lib/auth-options.js";
import { type DescriptionOptions, describeProvider, hostOf } from "./description.js";

/** The options of {@link clerk}. */
export interface ClerkOptions extends DescriptionOptions {
  /** Required. The host of the Frontend API: `clerk.example.com`, or `verb-noun-00.clerk.accounts.dev`. */
  domain?: string;
}

/**
 * Clerk, as the provider of an OAuth application. The issuer is the Frontend API: https://clerk.com/docs/guides/configure/auth-strategies/oauth/how-clerk-implements-oauth
 *
 * @throws MisuseError (`invalid_config`) for an option that is missing, unknown or of another type
 */
export const clerk = (options: ClerkOptions): ProviderOptions =>
  describeProvider("clerk", options, { domain: TEXT }, ["domain"], ({ domain = "" }) => ({
    issuer: `https://${hostOf(domain, "clerk.domain")}`,
  }));
