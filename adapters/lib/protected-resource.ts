import { MisuseError, must } from "../../core/errors.js";
import { checkOptions, type ExamplesOf, OBJECT, TEXT } from "../../core/options.js";
import {
  createProtectedResource,
  type ProtectedResourceMetadata,
} from "../../core/resource-server/protected-resource.js";
import { urlOf } from "./checks.js";

/** What an API says about itself (RFC 9728 2). */
export interface ProtectedResourceOptions {
  /** The resource identifier: the URL of the API, as its clients know it. Tokens should have it as their `aud`. Required. */
  resource: string;
  /** The issuers of the providers whose tokens the API takes. Required. */
  authorizationServers: readonly string[];
  /** Scopes that clients may request. @default none */
  scopesSupported?: readonly string[];
  /** Further members, by the names of RFC 9728 2: `resource_name`, `resource_documentation`, `dpop_bound_access_tokens_required`. @default none */
  metadata?: Readonly<Record<string, unknown>>;
}

const examples: ExamplesOf<ProtectedResourceOptions> = {
  resource: TEXT,
  authorizationServers: [],
  scopesSupported: [],
  metadata: OBJECT,
};

/** The metadata of an API, for these options. `caller`: as messages name it. @throws MisuseError (`invalid_config`) */
export function protectedResourceOf(options: ProtectedResourceOptions): ProtectedResourceMetadata {
  const { resource, authorizationServers } = options ?? {};
  checkOptions(options, examples, [
    ...(resource ? [] : ["protectedResource: set resource"]),
    ...(authorizationServers?.[0] ? [] : ["protectedResource: set authorizationServers"]),
  ]);
  const { scopesSupported, metadata } = options;
  for (const issuer of authorizationServers) urlOf(issuer, "protectedResource: authorizationServers");
  must(
    (scopesSupported ?? []).every((scope) => typeof scope === "string" && scope),
    "protectedResource: scopesSupported must hold strings that are not empty",
  );
  const document = {
    // RFC 6750 2.2 and 2.3: tokens in the body or in the query are not taken.
    bearer_methods_supported: ["header"],
    scopes_supported: scopesSupported,
    ...metadata,
    // Last: they were checked.
    resource,
    authorization_servers: authorizationServers,
  };
  return createProtectedResource({ resource: urlOf(resource, "protectedResource: resource"), body: jsonOf(document) });
}

function jsonOf(document: object): string {
  try {
    return JSON.stringify(document);
  } catch {
    // The reason is dropped, because it may quote what the app passed.
    throw new MisuseError("invalid_config", "protectedResource: metadata must be JSON");
  }
}
