import { TEXT } from "../../core/options.js";
import type { ProviderOptions } from "../lib/auth-options.js";
import { type DescriptionOptions, describeProvider, withoutSlash } from "./description.js";

/** The options of {@link logto}. */
export interface LogtoOptions extends DescriptionOptions {
  /** Required. The endpoint of the tenant: `https://abc123.logto.app`, or your own. */
  endpoint?: string;
  /** The API that access tokens are for (RFC 8707): without it they are opaque. @default none */
  resource?: string;
}

/**
 * Logto. ID Tokens are signed with ES384: set `idTokenSigningAlg` if your tenant has an RSA key.
 *
 * - Access tokens are JWTs for a `resource` alone: https://docs.logto.io/concepts/opaque-token
 *
 * @example
 * ```ts
 * import express from "express";
 * import { auth } from "latchkey/express";
 * import { logto } from "latchkey/providers";
 *
 * const app = express();
 * app.use(auth({ provider: logto({ endpoint: "https://abc123.logto.app", resource: "https://api.example.com" }) }));
 * ```
 * @throws MisuseError (`invalid_config`) for an option that is missing, unknown or of another type
 */
export const logto = (options: LogtoOptions): ProviderOptions =>
  describeProvider(
    "logto",
    options,
    { endpoint: TEXT, resource: TEXT },
    ["endpoint"],
    ({ endpoint = "", resource }) => ({
      issuer: `${withoutSlash(endpoint)}/oidc`,
      idTokenSigningAlg: "ES384",
      ...(resource === undefined
        ? {}
        : { authorizationParams: { resource }, differences: { tokenParams: { resource } } }),
    }),
  );
