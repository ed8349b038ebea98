/**
 * The issuer of an Auth0 tenant, to be spread into the options of an adapter.
 *
 * ```ts
 * app.use(auth({ ...auth0({ domain: "tenant.eu.auth0.com" }), clientId, clientSecret, secret, baseUrl }));
 * ```
 */
export const auth0 = ({
  domain,
}: {
  /** Host alone: `tenant.eu.auth0.com`, or a custom domain. */ domain: string;
}): { issuer: string } => ({
  // As it is copied from an address bar, too.
  issuer: `https://${domain.replace(/^https?:\/\/|\/+$/g, "")}/`,
});
