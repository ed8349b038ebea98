import { ANY, TEXT } from "../../core/options.js";
import type { ProviderOptions } from "../lib/auth-options.js";
import { privateKeyJwt } from "../lib/private-key-jwt.js";
import { type DescriptionOptions, describeProvider, hostOf, partOf } from "./description.js";

/** The options of {@link okta}. */
export interface OktaOptions extends DescriptionOptions {
  /** Required. Only the host: `dev-123.okta.com`, or a custom domain. */
  domain?: string;
  /** The id of a custom authorization server, such as `default`. @default the org authorization server */
  authorizationServer?: string;
  /** A private JWK with `alg` and `kid`, or the JSON of one, in the place of `clientSecret`. @default none */
  privateKey?: object | string;
}

/**
 * Okta: the org authorization server, or a custom one.
 *
 * - Issuers: https://developer.okta.com/docs/concepts/auth-servers/
 * - An assertion must be for the endpoint that is called: https://github.com/facile-it/php-openid-client/pull/25
 *
 * @example
 * ```ts
 * import express from "express";
 * import { auth } from "latchkey/express";
 * import { okta } from "latchkey/providers";
 *
 * const app = express();
 * app.use(auth({ provider: okta({ domain: "dev-123.okta.com", authorizationServer: "default" }) }));
 * ```
 * @throws MisuseError (`invalid_config`) for an option that is missing, unknown or of another type
 */
export const okta = (options: OktaOptions): ProviderOptions =>
  describeProvider(
    "okta",
    options,
    { domain: TEXT, authorizationServer: TEXT, privateKey: ANY },
    ["domain"],
    ({ domain = "", authorizationServer, privateKey }) => {
      const base = `https://${hostOf(domain, "okta.domain")}`;
      return {
        issuer:
          authorizationServer === undefined
            ? base
            : `${base}/oauth2/${partOf(authorizationServer, "okta.authorizationServer")}`,
        ...(privateKey === undefined
          ? {}
          : { clientAuthentication: privateKeyJwt(privateKey, { audience: "endpoint" }) }),
      };
    },
  );
