import { must } from "../errors.js";

/**
 * The issuer of an Auth0 tenant, to be spread into the options of an adapter.
 *
 * @example
 * ```ts
 * import express from "express";
 * import { auth, auth0 } from "latchkey/express";
 *
 * const app = express();
 * app.use(auth(auth0({ domain: "tenant.eu.auth0.com" })));
 * ```
 * @throws MisuseError (`invalid_config`) without a domain
 */
export function auth0(options: {
  /** Required. Only the host: `tenant.eu.auth0.com`, or a custom domain. */
  domain: string;
}): { issuer: string } {
  const domain: unknown = options?.domain;
  must(domain && typeof domain === "string", "auth0: set domain, such as tenant.eu.auth0.com");
  // An address from the browser's address bar is accepted as well.
  return { issuer: `https://${domain.replace(/^https?:\/\/|\/+$/g, "")}/` };
}
