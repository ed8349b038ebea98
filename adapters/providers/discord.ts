import type { ProviderOptions } from "../lib/auth-options.js";
import { type DescriptionOptions, describeProvider } from "./description.js";
import { profile } from "./profile.js";

/** The options of {@link discord}. */
export interface DiscordOptions extends DescriptionOptions {}

const API = "https://discord.com/api";

/**
 * Discord, by its OAuth 2.0 alone: its userinfo was reported to lack `sub`, and its discovery document the endpoint
 * (https://github.com/discord/discord-api-docs/issues/7460). The user is what its API says about the owner of the access token; `profile`
 * says what that costs. Several providers of an app must not share a redirect URI.
 *
 * - Endpoints and scopes: https://discord.com/developers/docs/topics/oauth2
 * - The user: https://discord.com/developers/docs/resources/user
 *
 * @example
 * ```ts
 * import express from "express";
 * import { auth } from "latchkey/express";
 * import { discord } from "latchkey/providers";
 *
 * const app = express();
 * app.use(auth({ provider: discord({}) }));
 * ```
 * @throws MisuseError (`invalid_config`) for an option that is unknown or of another type
 */
export const discord = (options: DiscordOptions): ProviderOptions =>
  describeProvider("discord", options, {}, [], () => ({
    issuer: "https://discord.com",
    scope: "identify email",
    clientAuthentication: "client_secret_post",
    differences: {
      discoveryUrl: false,
      metadata: {
        authorization_endpoint: "https://discord.com/oauth2/authorize",
        token_endpoint: `${API}/oauth2/token`,
        revocation_endpoint: `${API}/oauth2/token/revoke`,
      },
      returnsNonce: false,
      identify: profile(async (fetchProfile) => {
        const user = await fetchProfile(`${API}/users/@me`, { "user-agent": "latchkey" });
        const { id, username, global_name: name, avatar, email, verified, locale } = user;
        const picture =
          typeof avatar === "string" ? `https://cdn.discordapp.com/avatars/${id}/${avatar}.png` : undefined;
        const claims = { preferred_username: username, name: name ?? username, picture, locale };
        return {
          sub: typeof id === "string" ? id : "",
          ...claims,
          ...(typeof email === "string" ? { email, email_verified: verified === true } : {}),
        };
      }),
    },
  }));
