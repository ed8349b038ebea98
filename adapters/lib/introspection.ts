import { must } from "../../core/errors.js";
import { ANY, checkOptions, type ExamplesOf, TEXT } from "../../core/options.js";
import type { ClientAuthentication } from "../../core/provider/client-authentication.js";
import { createIntrospection } from "../../core/resource-server/introspection.js";
import { urlOf } from "./checks.js";

/** How an API asks its provider about tokens. */
export interface IntrospectionOptions {
  /** The id of the client as which the API asks. Required. */
  clientId: string;
  /** The secret of that client. Required, unless `clientAuthentication` is `privateKeyJwt(key)`. */
  clientSecret?: string | undefined;
  /** How the API authenticates to the provider. @default "client_secret_basic" */
  clientAuthentication?: ClientAuthentication;
  /** The URL of the endpoint, for a provider whose discovery document has no `introspection_endpoint`. @default that of the discovery document */
  introspectionEndpoint?: string;
  /** Seconds for which an answer is used again: so long may a token that was revoked be accepted. 0: each request asks. @default 60 */
  maxAge?: number;
  /**
   * Members that an answer may lack, each a relaxation. `"aud"`: any token of the provider that is active is then taken, whichever API it
   * is for, unless the provider itself calls tokens for other APIs inactive. `"token_type"`: a refresh token that the provider introspects
   * may then pass as an access token. @default none
   */
  mayLack?: ReadonlyArray<"aud" | "token_type">;
}

const examples: ExamplesOf<IntrospectionOptions> = {
  clientId: TEXT,
  clientSecret: TEXT,
  clientAuthentication: ANY,
  introspectionEndpoint: TEXT,
  maxAge: 60,
  mayLack: [],
};

/** The value of the option `introspection`, which `introspection()` returns. */
export interface Introspection {
  /** Only latchkey calls it. */
  check(token: never, trusted: never, ports: never): Promise<unknown>;
}

/**
 * For the option `introspection` of `verifyAccessToken`: asks the provider about access tokens that are no JWT (RFC 7662). Answers about
 * active tokens are used again for `maxAge` seconds, and never beyond the token's `exp`.
 *
 * @example
 * ```ts
 * import { introspection, verifyAccessToken } from "latchkey/edge";
 *
 * const api = verifyAccessToken({
 *   issuer: "https://op.example/",
 *   audience: "https://api.example",
 *   introspection: introspection({ clientId: "api", clientSecret: process.env.API_SECRET }),
 * });
 *
 * export default { fetch: api.wrap((request, { claims }) => Response.json({ for: claims.sub })) };
 * ```
 * @throws MisuseError (`invalid_config`) at once when an option is wrong or missing
 */
export function introspection(options: IntrospectionOptions): Introspection {
  const { clientAuthentication = "client_secret_basic", clientId, clientSecret } = options ?? {};
  const isAssertion = typeof clientAuthentication === "object" && clientAuthentication !== null;
  checkOptions(options, examples, [
    ...(clientId ? [] : ["introspection: set clientId"]),
    ...(clientSecret || isAssertion
      ? []
      : ["introspection: set clientSecret, or clientAuthentication: privateKeyJwt(key)"]),
  ]);
  const { introspectionEndpoint, maxAge = 60, mayLack = [] } = options;
  must(
    isAssertion || clientAuthentication === "client_secret_basic" || clientAuthentication === "client_secret_post",
    "introspection: clientAuthentication must be client_secret_basic, client_secret_post or privateKeyJwt(key)",
  );
  if (isAssertion) clientAuthentication.check?.();
  if (introspectionEndpoint !== undefined) urlOf(introspectionEndpoint, "introspection: introspectionEndpoint");
  must(maxAge >= 0 && maxAge <= 86_400, "introspection: maxAge must be 0 to 86400 seconds");
  must(
    mayLack.every((name) => name === "aud" || name === "token_type"),
    'introspection: mayLack must be a list of "aud" and "token_type"',
  );
  return createIntrospection({ clientId, clientSecret, clientAuthentication, introspectionEndpoint, maxAge, mayLack });
}
