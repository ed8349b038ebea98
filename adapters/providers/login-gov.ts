import { ANY, TEXT } from "../../core/options.js";
import type { ProviderOptions } from "../lib/auth-options.js";
import { privateKeyJwt } from "../lib/private-key-jwt.js";
import { type DescriptionOptions, describeProvider } from "./description.js";

/** The options of {@link loginGov}. */
export interface LoginGovOptions extends Omit<DescriptionOptions, "clientSecret" | "clientAuthentication"> {
  /** Required. The private key whose public key is registered: a JWK with `alg`, or the JSON of one. */
  privateKey?: object | string;
  /** The level of assurance (`acr_values`). @default "urn:acr.login.gov:auth-only" */
  acrValues?: string;
  /** The sandbox, whose users are not real. @default false */
  sandbox?: boolean;
}

/**
 * login.gov.
 *
 * - `private_key_jwt` for the token endpoint, `acr_values`, and `client_id` at the logout in the place of `id_token_hint`:
 *   https://developers.login.gov/oidc/token/, https://developers.login.gov/oidc/logout/
 *
 * @example
 * ```ts
 * import express from "express";
 * import { auth } from "latchkey/express";
 * import { loginGov } from "latchkey/providers";
 *
 * const app = express();
 * app.use(auth({ provider: loginGov({ privateKey: process.env.CLIENT_KEY, sandbox: true }) }));
 * ```
 * @throws MisuseError (`invalid_config`) for an option that is missing, unknown or of another type
 */
export const loginGov = (options: LoginGovOptions): ProviderOptions =>
  describeProvider(
    "loginGov",
    options,
    { privateKey: ANY, acrValues: TEXT, sandbox: true },
    ["privateKey"],
    ({ privateKey, acrValues = "urn:acr.login.gov:auth-only", sandbox }) => ({
      // With a slash at its end.
      issuer: sandbox ? "https://idp.int.identitysandbox.gov/" : "https://secure.login.gov/",
      scope: "openid email",
      authorizationParams: { acr_values: acrValues },
      clientAuthentication: privateKeyJwt(privateKey, { audience: "endpoint" }),
      differences: {
        endSessionParams: ({ client_id, post_logout_redirect_uri }) => ({ client_id, post_logout_redirect_uri }),
      },
    }),
  );
