import { ANY } from "../../core/options.js";
import type { ProviderOptions } from "../lib/auth-options.js";
import { privateKeyJwt } from "../lib/private-key-jwt.js";
import { type DescriptionOptions, describeProvider } from "./description.js";

/** The options of {@link govUkOneLogin}. */
export interface GovUkOneLoginOptions extends Omit<DescriptionOptions, "clientSecret" | "clientAuthentication"> {
  /** Required. The private key whose public key is registered: a JWK with `alg`, or the JSON of one. */
  privateKey?: object | string;
  /** The vectors of trust, such as `["Cl.Cm.P2"]`. @default none is sent */
  vtr?: readonly string[];
  /** The integration environment, whose users are not real. @default false */
  integration?: boolean;
}

/**
 * GOV.UK One Login. Register `baseUrl` + `/auth/callback` and `baseUrl` + `postLogoutPath`.
 *
 * - `private_key_jwt`, `vtr` and the endpoints: https://docs.sign-in.service.gov.uk/
 * - The assertion is for the token endpoint: https://github.com/DFE-Digital/one-login-aspnetcore
 *
 * @example
 * ```ts
 * import express from "express";
 * import { auth } from "latchkey/express";
 * import { govUkOneLogin } from "latchkey/providers";
 *
 * const app = express();
 * app.use(auth({ provider: govUkOneLogin({ privateKey: process.env.CLIENT_KEY }) }));
 * ```
 * @throws MisuseError (`invalid_config`) for an option that is missing, unknown or of another type
 */
export const govUkOneLogin = (options: GovUkOneLoginOptions): ProviderOptions =>
  describeProvider(
    "govUkOneLogin",
    options,
    { privateKey: ANY, vtr: [], integration: true },
    ["privateKey"],
    ({ privateKey, vtr, integration }) => ({
      // With a slash at its end.
      issuer: integration ? "https://oidc.integration.account.gov.uk/" : "https://oidc.account.gov.uk/",
      scope: "openid email",
      idTokenSigningAlg: "ES256",
      userinfo: true,
      clientAuthentication: privateKeyJwt(privateKey, { audience: "endpoint" }),
      ...(vtr ? { authorizationParams: { vtr: JSON.stringify(vtr) } } : {}),
    }),
  );
