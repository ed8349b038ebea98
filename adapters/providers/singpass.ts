import { ANY } from "../../core/options.js";
import type { ProviderOptions } from "../lib/auth-options.js";
import { privateKeyJwt } from "../lib/private-key-jwt.js";
import { type DescriptionOptions, describeProvider } from "./description.js";

/** The options of {@link singpass}. */
export interface SingpassOptions extends Omit<DescriptionOptions, "clientSecret" | "clientAuthentication"> {
  /** Required. The private key of ES256, ES384 or ES512 whose public key is registered: a JWK with `alg`, or the JSON of one. */
  privateKey?: object | string;
  /** The staging environment, whose users are not real. @default false */
  staging?: boolean;
}

/**
 * Singpass Login, for a client whose ID Tokens are signed and not encrypted.
 *
 * - The assertion is for the issuer, and lives two minutes at most:
 *   https://docs.developer.singpass.gov.sg/docs/technical-specifications/singpass-authentication-api/2.-token-endpoint/authorization-code-grant
 *
 * @example
 * ```ts
 * import express from "express";
 * import { auth } from "latchkey/express";
 * import { singpass } from "latchkey/providers";
 *
 * const app = express();
 * app.use(auth({ provider: singpass({ privateKey: process.env.CLIENT_KEY, staging: true }) }));
 * ```
 * @throws MisuseError (`invalid_config`) for an option that is missing, unknown or of another type
 */
export const singpass = (options: SingpassOptions): ProviderOptions =>
  describeProvider(
    "singpass",
    options,
    { privateKey: ANY, staging: true },
    ["privateKey"],
    ({ privateKey, staging }) => ({
      issuer: staging ? "https://stg-id.singpass.gov.sg" : "https://id.singpass.gov.sg",
      scope: "openid",
      idTokenSigningAlg: "ES256",
      clientAuthentication: privateKeyJwt(privateKey),
    }),
  );
