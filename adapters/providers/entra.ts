import { decode, encode } from "jose/base64url";
import { must } from "../../core/errors.js";
import { isObject } from "../../core/is-object.js";
import { ANY, TEXT } from "../../core/options.js";
import type { ClientAssertion } from "../../core/provider/client-authentication.js";
import type { ProviderOptions } from "../lib/auth-options.js";
import { privateKeyJwt } from "../lib/private-key-jwt.js";
import { type DescriptionOptions, describeProvider, hostOf, partOf } from "./description.js";

/** A certificate of the app registration, and its private key. */
export interface EntraCertificate {
  /** The certificate as PEM. */
  readonly certificate: string;
  /** The private key of the certificate: a JWK with `alg` (Microsoft recommends `PS256`), or the JSON of one. */
  readonly key: object | string;
}

/** The options of {@link entra}. */
export interface EntraOptions extends DescriptionOptions {
  /** The id (a GUID) of the one tenant whose users may sign in. Set this, or `tenants`. @default none */
  tenant?: string;
  /** The ids (GUIDs) of the tenants whose users may sign in; `"any"` for every tenant of Microsoft, and then `onSignIn` decides. @default none */
  tenants?: readonly string[] | "any";
  /** Which accounts the sign-in page offers, with `tenants`: of work and school, personal ones, or both (`common`). @default "organizations" */
  accounts?: "organizations" | "consumers" | "common";
  /** The host of the cloud. @default "login.microsoftonline.com" */
  host?: string;
  /** A certificate in the place of `clientSecret`. @default none */
  certificate?: EntraCertificate;
  /**
   * Refuses a user of more groups than an ID Token holds (200): the token then has a reference in the place of `groups`, so that the user
   * would seem to be in no group. @default false: `hasGroupsOverage(claims)` tells
   */
  refuseGroupsOverage?: boolean;
}

const GUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** The tenant of personal accounts. */
const CONSUMERS = "9188040d-6c67-4c5b-b112-36a304b66dad";

/**
 * Whether the ID Token has a reference in the place of the user's groups, because there are too many of them.
 * https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference#groups-overage-claim
 *
 * @example
 * ```ts
 * import express from "express";
 * import { auth } from "latchkey/express";
 * import { entra, hasGroupsOverage } from "latchkey/providers";
 *
 * const app = express();
 * app.use(
 *   auth({
 *     provider: entra({ tenant: "11111111-2222-3333-4444-555555555555" }),
 *     onSignIn: ({ user, claims }) => ({ user: { ...user, mustAskForGroups: hasGroupsOverage(claims) } }),
 *   }),
 * );
 * ```
 */
export const hasGroupsOverage = ({ _claim_names: names }: Readonly<Record<string, unknown>>): boolean =>
  isObject(names) && "groups" in names;

/** `private_key_jwt` with the thumbprint of the certificate in its header, for the token endpoint. */
function certificateAssertion({ certificate, key }: EntraCertificate): ClientAssertion {
  const [, body] = /-----BEGIN CERTIFICATE-----([^-]+)-----END/.exec(`${certificate}`) ?? [];
  must(body, "entra.certificate.certificate must be PEM");
  const jwk: unknown = typeof key === "string" ? JSON.parse(key) : key;
  let assertion: ClientAssertion | undefined;
  return {
    check: () => privateKeyJwt(jwk as object, { audience: "endpoint" }).check?.(),
    async addTo(form, client, ports) {
      const der = decode(body.replace(/\s+|=/g, "").replaceAll("+", "-").replaceAll("/", "_"));
      const thumbprint = encode(new Uint8Array(await crypto.subtle.digest("SHA-256", der as never)));
      assertion ??= privateKeyJwt({ ...(jwk as object), "x5t#S256": thumbprint }, { audience: "endpoint" });
      await assertion.addTo(form, client, ports);
    },
  };
}

/**
 * Microsoft Entra ID: one tenant, several, or all of them. The tenants whose users may sign in are listed here, and every other one is
 * refused.
 *
 * - The documents of `organizations` and `common` name the issuer `…/{tenantid}/v2.0`, and ID Tokens name the user's tenant:
 *   https://github.com/MicrosoftDocs/azure-docs/issues/38427
 * - Certificates (`x5t#S256`, `aud` is the token endpoint): https://learn.microsoft.com/entra/identity-platform/certificate-credentials
 * - No revocation endpoint: https://github.com/DuendeArchive/Support/issues/988
 *
 * @example
 * ```ts
 * import express from "express";
 * import { auth } from "latchkey/express";
 * import { entra } from "latchkey/providers";
 *
 * const app = express();
 * app.use(auth({ provider: entra({ tenants: ["11111111-2222-3333-4444-555555555555"] }) }));
 * ```
 * @throws MisuseError (`invalid_config`) for an option that is missing, unknown or of another type
 */
export const entra = (options: EntraOptions): ProviderOptions =>
  describeProvider(
    "entra",
    options,
    { tenant: TEXT, tenants: ANY, accounts: TEXT, host: TEXT, certificate: ANY, refuseGroupsOverage: true },
    [],
    ({ tenant, tenants, accounts = "organizations", host = "login.microsoftonline.com", ...rest }) => {
      const isConsumers = accounts === "consumers";
      must(
        isConsumers ? (tenant ?? tenants) === undefined : (tenant === undefined) !== (tenants === undefined),
        'entra: set either tenant or tenants, and none of them with accounts "consumers"',
      );
      must(
        ["organizations", "consumers", "common"].includes(accounts),
        "entra.accounts must be organizations, consumers or common",
      );
      const ids = tenants === "any" ? [] : [tenant ?? tenants ?? CONSUMERS].flat().map((id) => `${id}`.toLowerCase());
      must(
        tenants === "any" || (ids.length && ids.every((id) => GUID.test(id))),
        'entra.tenant and entra.tenants must be ids of tenants (GUIDs), or tenants "any"',
      );
      const base = `https://${hostOf(host, "entra.host")}`;
      const isOne = tenant !== undefined || isConsumers;
      const [one] = ids;
      const isAllowed = (tid: unknown) =>
        typeof tid === "string" && GUID.test(tid) && (tenants === "any" || ids.includes(tid));
      const { certificate, refuseGroupsOverage } = rest;
      return {
        issuer: isOne ? `${base}/${one}/v2.0` : `${base}/${accounts}/v2.0`,
        ...(certificate ? { clientAuthentication: certificateAssertion(certificate) } : {}),
        differences: {
          ...(isOne ? {} : { metadata: { issuer: `${base}/{tenantid}/v2.0` } }),
          checkClaims: (claims) => ({
            ...(isOne ? {} : { iss: isAllowed(claims["tid"]) && claims["iss"] === `${base}/${claims["tid"]}/v2.0` }),
            ...(refuseGroupsOverage ? { groups: !hasGroupsOverage(claims) } : {}),
          }),
        },
      };
    },
  );

/** The options of {@link entraExternalId}. */
export interface EntraExternalIdOptions extends DescriptionOptions {
  /** Required. The name before `.ciamlogin.com`. */
  subdomain?: string;
  /** Required. The id of the external tenant (a GUID). */
  tenantId?: string;
}

/**
 * Microsoft Entra External ID: an external tenant. The discovery document is at the tenant's name, the issuer has its id:
 * https://learn.microsoft.com/entra/identity-platform/access-tokens
 *
 * @example
 * ```ts
 * import express from "express";
 * import { auth } from "latchkey/express";
 * import { entraExternalId } from "latchkey/providers";
 *
 * const app = express();
 * app.use(auth({ provider: entraExternalId({ subdomain: "contoso", tenantId: "11111111-2222-3333-4444-555555555555" }) }));
 * ```
 * @throws MisuseError (`invalid_config`) for an option that is missing, unknown or of another type
 */
export const entraExternalId = (options: EntraExternalIdOptions): ProviderOptions =>
  describeProvider(
    "entraExternalId",
    options,
    { subdomain: TEXT, tenantId: TEXT },
    ["subdomain", "tenantId"],
    ({ subdomain = "", tenantId = "" }) => {
      must(GUID.test(tenantId), "entraExternalId.tenantId must be the id of a tenant (a GUID)");
      const name = partOf(subdomain, "entraExternalId.subdomain");
      return {
        issuer: `https://${tenantId}.ciamlogin.com/${tenantId}/v2.0`,
        differences: {
          discoveryUrl: `https://${name}.ciamlogin.com/${tenantId}/v2.0/.well-known/openid-configuration`,
        },
      };
    },
  );

/** The options of {@link azureB2c}. */
export interface AzureB2cOptions extends DescriptionOptions {
  /** Required. The name before `.b2clogin.com`. */
  tenantName?: string;
  /** Required. The id of the tenant (a GUID). */
  tenantId?: string;
  /** Required. The user flow or custom policy, such as `B2C_1_signupsignin`. */
  policy?: string;
}

/**
 * Azure AD B2C: one user flow or policy. The discovery document has the policy in its path, the issuer has the tenant's id and not the
 * policy: https://github.com/panva/openid-client/issues/718
 *
 * @example
 * ```ts
 * import express from "express";
 * import { auth } from "latchkey/express";
 * import { azureB2c } from "latchkey/providers";
 *
 * const app = express();
 * app.use(auth({ provider: azureB2c({ tenantName: "contoso", tenantId: "11111111-2222-3333-4444-555555555555", policy: "B2C_1_signupsignin" }) }));
 * ```
 * @throws MisuseError (`invalid_config`) for an option that is missing, unknown or of another type
 */
export const azureB2c = (options: AzureB2cOptions): ProviderOptions =>
  describeProvider(
    "azureB2c",
    options,
    { tenantName: TEXT, tenantId: TEXT, policy: TEXT },
    ["tenantName", "tenantId", "policy"],
    ({ tenantName = "", tenantId = "", policy = "" }) => {
      must(GUID.test(tenantId), "azureB2c.tenantId must be the id of a tenant (a GUID)");
      const name = partOf(tenantName, "azureB2c.tenantName");
      const base = `https://${name}.b2clogin.com`;
      return {
        issuer: `${base}/${tenantId}/v2.0/`,
        scope: "openid",
        differences: {
          discoveryUrl: `${base}/${name}.onmicrosoft.com/${partOf(policy, "azureB2c.policy")}/v2.0/.well-known/openid-configuration`,
        },
      };
    },
  );
