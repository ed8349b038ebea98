import { must } from "../../core/errors.js";
import { isObject } from "../../core/is-object.js";
import { TEXT } from "../../core/options.js";
import type { ProviderOptions } from "../lib/auth-options.js";
import { type DescriptionOptions, describeProvider } from "./description.js";
import { profile } from "./profile.js";

/** The options of {@link facebook}. */
export interface FacebookOptions extends DescriptionOptions {
  /** The version of the Graph API. @default "v21.0" */
  version?: string;
}

/**
 * Facebook, by its OAuth 2.0: the discovery document has no token endpoint (https://github.com/nextauthjs/next-auth/issues/4608). The user
 * is what the Graph API says about the owner of the access token; `profile` says what that costs. Several providers of an app must not
 * share a redirect URI.
 *
 * - Endpoints: https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow
 *
 * @example
 * ```ts
 * import express from "express";
 * import { auth } from "latchkey/express";
 * import { facebook } from "latchkey/providers";
 *
 * const app = express();
 * app.use(auth({ provider: facebook({}) }));
 * ```
 * @throws MisuseError (`invalid_config`) for an option that is unknown or of another type
 */
export const facebook = (options: FacebookOptions): ProviderOptions =>
  describeProvider("facebook", options, { version: TEXT }, [], ({ version = "v21.0" }) => {
    must(/^v\d+\.\d+$/.test(version), "facebook.version must be a version such as v21.0");
    const graph = `https://graph.facebook.com/${version}`;
    return {
      issuer: "https://www.facebook.com",
      scope: "public_profile email",
      clientAuthentication: "client_secret_post",
      differences: {
        discoveryUrl: false,
        metadata: {
          authorization_endpoint: `https://www.facebook.com/${version}/dialog/oauth`,
          token_endpoint: `${graph}/oauth/access_token`,
        },
        returnsNonce: false,
        identify: profile(async (fetchProfile) => {
          const user = await fetchProfile(`${graph}/me?fields=id,name,first_name,last_name,email,picture`);
          const { id, name, first_name: given_name, last_name: family_name, email, picture } = user;
          const data = isObject(picture) && isObject(picture["data"]) ? picture["data"] : {};
          // Facebook does not say whether it has verified the address.
          return { sub: typeof id === "string" ? id : "", name, given_name, family_name, email, picture: data["url"] };
        }),
      },
    };
  });
