import { TEXT } from "../../core/options.js";
import type { ProviderOptions } from "../lib/auth-options.js";
import { type DescriptionOptions, describeProvider, hostOf, partOf } from "./description.js";

/** The options of {@link cognito}. */
export interface CognitoOptions extends DescriptionOptions {
  /** Required. `eu-central-1_aBcDeF`: the id of the user pool, which begins with its region. */
  userPoolId?: string;
  /** The host of the pool's sign-in pages, for pools whose discovery document has no end_session endpoint. @default that of the document */
  domain?: string;
}

/**
 * Amazon Cognito: a user pool. It signs out with `client_id` and `logout_uri`, which must be one of the Allowed sign-out URLs:
 * https://docs.aws.amazon.com/cognito/latest/developerguide/logout-endpoint.html
 *
 * @example
 * ```ts
 * import express from "express";
 * import { auth } from "latchkey/express";
 * import { cognito } from "latchkey/providers";
 *
 * const app = express();
 * app.use(auth({ provider: cognito({ userPoolId: "eu-central-1_aBcDeF" }) }));
 * ```
 * @throws MisuseError (`invalid_config`) for an option that is missing, unknown or of another type
 */
export const cognito = (options: CognitoOptions): ProviderOptions =>
  describeProvider(
    "cognito",
    options,
    { userPoolId: TEXT, domain: TEXT },
    ["userPoolId"],
    ({ userPoolId = "", domain }) => {
      const pool = partOf(userPoolId, "cognito.userPoolId");
      return {
        issuer: `https://cognito-idp.${pool.split("_")[0]}.amazonaws.com/${pool}`,
        scope: "openid profile email",
        differences: {
          ...(domain === undefined
            ? {}
            : { metadata: { end_session_endpoint: `https://${hostOf(domain, "cognito.domain")}/logout` } }),
          endSessionParams: ({ client_id, post_logout_redirect_uri }) => ({
            client_id,
            logout_uri: post_logout_redirect_uri,
          }),
        },
      };
    },
  );
