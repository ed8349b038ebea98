import { TEXT } from "../../core/options.js";
import type { ProviderOptions } from "../lib/auth-options.js";
import { type DescriptionOptions, describeProvider, withoutSlash } from "./description.js";

/** The options of {@link gitlab}. */
export interface GitlabOptions extends DescriptionOptions {
  /** The URL of the instance. @default "https://gitlab.com" */
  url?: string;
}

/**
 * GitLab. It has no end_session endpoint (https://github.com/torbenraab/plane/issues/28): a sign-out ends the session here alone.
 *
 * @example
 * ```ts
 * import express from "express";
 * import { auth } from "latchkey/express";
 * import { gitlab } from "latchkey/providers";
 *
 * const app = express();
 * app.use(auth({ provider: gitlab({ url: "https://gitlab.example.com" }) }));
 * ```
 * @throws MisuseError (`invalid_config`) for an option that is unknown or of another type
 */
export const gitlab = (options: GitlabOptions): ProviderOptions =>
  describeProvider("gitlab", options, { url: TEXT }, [], ({ url = "https://gitlab.com" }) => ({
    issuer: withoutSlash(url),
  }));
