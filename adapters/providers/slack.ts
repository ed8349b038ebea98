import type { ProviderOptions } from "../lib/auth-options.js";
import { type DescriptionOptions, describeProvider } from "./description.js";

/** The options of {@link slack}. */
export interface SlackOptions extends DescriptionOptions {}

/**
 * Sign in with Slack. It has no end_session and no revocation endpoint: a sign-out ends the session here alone.
 * https://docs.slack.dev/authentication/sign-in-with-slack/
 *
 * @example
 * ```ts
 * import express from "express";
 * import { auth } from "latchkey/express";
 * import { slack } from "latchkey/providers";
 *
 * const app = express();
 * app.use(auth({ provider: slack({}) }));
 * ```
 * @throws MisuseError (`invalid_config`) for an option that is unknown or of another type
 */
export const slack = (options: SlackOptions): ProviderOptions =>
  describeProvider("slack", options, {}, [], () => ({
    issuer: "https://slack.com",
    clientAuthentication: "client_secret_post",
  }));
