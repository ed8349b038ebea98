import { TEXT } from "../../core/options.js";
import type { ProviderOptions } from "../lib/auth-options.js";
import { type DescriptionOptions, describeProvider, hostOf } from "./description.js";

/** The options of {@link workos}. */
export interface WorkosOptions extends DescriptionOptions {
  /** Required. The AuthKit domain: `my-team-123.authkit.app`, or your own. */
  domain?: string;
}

/**
 * WorkOS AuthKit, for a WorkOS Connect application.
 *
 * - The client's secret is in the form: https://workos.com/docs/reference/workos-connect/token
 * - The discovery document is at the AuthKit domain: https://workos.com/docs/reference/workos-connect/metadata/openid-configuration
 *
 * @example
 * ```ts
 * import express from "express";
 * import { auth } from "latchkey/express";
 * import { workos } from "latchkey/providers";
 *
 * const app = express();
 * app.use(auth({ provider: workos({ domain: "my-team.authkit.app" }) }));
 * ```
 * @throws MisuseError (`invalid_config`) for an option that is missing, unknown or of another type
 */
export const workos = (options: WorkosOptions): ProviderOptions =>
  describeProvider("workos", options, { domain: TEXT }, ["domain"], ({ domain = "" }) => ({
    issuer: `https://${hostOf(domain, "workos.domain")}`,
    clientAuthentication: "client_secret_post",
  }));
