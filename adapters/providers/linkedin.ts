import type { ProviderOptions } from "../lib/auth-options.js";
import { type DescriptionOptions, describeProvider } from "./description.js";

/** The options of {@link linkedin}. */
export interface LinkedinOptions extends DescriptionOptions {
  /**
   * Required. Whether LinkedIn has enabled PKCE for the app, which one must ask for; it refuses the token request of any other app that
   * uses it. What false costs: LinkedIn returns no `nonce` either, so that a code which leaked can be redeemed in the sign-in of an
   * attacker (RFC 9700 4.5); `state` alone remains.
   */
  pkce?: boolean;
}

/**
 * LinkedIn.
 *
 * - It returns no `nonce`: https://github.com/python-social-auth/social-core/pull/833, https://github.com/authlib/authlib/issues/763
 * - It refuses `code_verifier` unless PKCE is enabled for the app: https://github.com/directus/directus/issues/23645
 * - It takes the secret in the form: https://learn.microsoft.com/linkedin/shared/authentication/authorization-code-flow
 *
 * @example
 * ```ts
 * import express from "express";
 * import { auth } from "latchkey/express";
 * import { linkedin } from "latchkey/providers";
 *
 * const app = express();
 * app.use(auth({ provider: linkedin({ pkce: false }) }));
 * ```
 * @throws MisuseError (`invalid_config`) for an option that is missing, unknown or of another type
 */
export const linkedin = (options: LinkedinOptions): ProviderOptions =>
  describeProvider("linkedin", options, { pkce: true }, ["pkce"], ({ pkce }) => ({
    issuer: "https://www.linkedin.com/oauth",
    clientAuthentication: "client_secret_post",
    differences: { returnsNonce: false, ...(pkce ? {} : { takesPkce: false }) },
  }));
