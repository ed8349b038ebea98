import type { ProviderOptions } from "../lib/auth-options.js";
import { type DescriptionOptions, describeProvider } from "./description.js";

/** The options of {@link line}. */
export interface LineOptions extends DescriptionOptions {}

/**
 * LINE Login. LINE signs ID Tokens of a web login with HS256 unless the token request asks for a key (`id_token_key_type=JWK`): then with
 * ES256. https://developers.line.biz/en/docs/line-login/verify-id-token/ and https://github.com/dennislin9999/LINELoginIDTokenValidator
 *
 * @example
 * ```ts
 * import express from "express";
 * import { auth } from "latchkey/express";
 * import { line } from "latchkey/providers";
 *
 * const app = express();
 * app.use(auth({ provider: line({}) }));
 * ```
 * @throws MisuseError (`invalid_config`) for an option that is unknown or of another type
 */
export const line = (options: LineOptions): ProviderOptions =>
  describeProvider("line", options, {}, [], () => ({
    issuer: "https://access.line.me",
    clientAuthentication: "client_secret_post",
    idTokenSigningAlg: "ES256",
    differences: { tokenParams: { id_token_key_type: "JWK" } },
  }));
