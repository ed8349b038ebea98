import type { ProviderOptions } from "../lib/auth-options.js";
import { type DescriptionOptions, describeProvider } from "./description.js";

/** The options of {@link twitch}. */
export interface TwitchOptions extends DescriptionOptions {}

/** Twitch puts into the ID Token what is asked for by name. */
const CLAIMS = { id_token: { email: null, email_verified: null, picture: null, preferred_username: null } };

/**
 * Twitch. Its token response has the scope as a list: https://github.com/twitchdev/issues/issues/164. Claims are asked for by name:
 * https://dev.twitch.tv/docs/authentication/getting-tokens-oidc/
 *
 * @example
 * ```ts
 * import express from "express";
 * import { auth } from "latchkey/express";
 * import { twitch } from "latchkey/providers";
 *
 * const app = express();
 * app.use(auth({ provider: twitch({}) }));
 * ```
 * @throws MisuseError (`invalid_config`) for an option that is unknown or of another type
 */
export const twitch = (options: TwitchOptions): ProviderOptions =>
  describeProvider("twitch", options, {}, [], () => ({
    issuer: "https://id.twitch.tv/oauth2",
    scope: "openid user:read:email",
    clientAuthentication: "client_secret_post",
    authorizationParams: { claims: JSON.stringify(CLAIMS) },
  }));
