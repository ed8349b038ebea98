import { isObject } from "../../core/is-object.js";
import { TEXT } from "../../core/options.js";
import type { ProviderOptions } from "../lib/auth-options.js";
import { type DescriptionOptions, describeProvider, hostOf } from "./description.js";
import { profile } from "./profile.js";

/** The options of {@link github}. */
export interface GithubOptions extends DescriptionOptions {
  /** The host of a GitHub Enterprise Server. @default "github.com" */
  host?: string;
}

/** The address to reach the user at, if the scope allows it: the primary one, and only if GitHub has verified it. */
const primaryOf = (emails: unknown): unknown =>
  Array.isArray(emails)
    ? emails.find((each) => isObject(each) && each["primary"] === true && each["verified"] === true)?.email
    : undefined;

/**
 * GitHub, which issues no ID Tokens to apps: the user is what its API says about the owner of the access token. `profile` says what that
 * costs. Several providers of an app must not share a redirect URI.
 *
 * - Endpoints: https://docs.github.com/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
 * - PKCE since July 2025: https://github.blog/changelog/2025-07-14-pkce-support-for-oauth-and-github-app-authentication
 * - The API refuses requests without a User-Agent: https://docs.github.com/rest/using-the-rest-api/getting-started-with-the-rest-api
 *
 * @example
 * ```ts
 * import express from "express";
 * import { auth } from "latchkey/express";
 * import { github } from "latchkey/providers";
 *
 * const app = express();
 * app.use(auth({ provider: github({}) }));
 * ```
 * @throws MisuseError (`invalid_config`) for an option that is unknown or of another type
 */
export const github = (options: GithubOptions): ProviderOptions =>
  describeProvider("github", options, { host: TEXT }, [], ({ host = "github.com", scope = "read:user user:email" }) => {
    const base = `https://${hostOf(host, "github.host")}`;
    const api = host === "github.com" ? "https://api.github.com" : `${base}/api/v3`;
    const headers = { "user-agent": "latchkey", accept: "application/vnd.github+json" };
    return {
      issuer: base,
      scope,
      clientAuthentication: "client_secret_post",
      differences: {
        discoveryUrl: false,
        metadata: {
          authorization_endpoint: `${base}/login/oauth/authorize`,
          token_endpoint: `${base}/login/oauth/access_token`,
        },
        returnsNonce: false,
        identify: profile(async (fetchProfile) => {
          const { id, login, name, avatar_url: picture, html_url: url } = await fetchProfile(`${api}/user`, headers);
          // The name of an account can be given to another person; its number cannot.
          const sub = Number.isSafeInteger(id) ? `${id}` : "";
          const mayReadEmail = /(^| )user(:email)?( |$)/.test(scope);
          const email = mayReadEmail ? primaryOf(await fetchProfile(`${api}/user/emails`, headers)) : undefined;
          const claims = { preferred_username: login, name: name ?? login, picture, profile: url };
          return { sub, ...claims, ...(email === undefined ? {} : { email, email_verified: true }) };
        }),
      },
    };
  });
