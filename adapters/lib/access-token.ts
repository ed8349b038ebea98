import { CLOCK_TOLERANCE, HTTP_TIMEOUT } from "../../core/defaults.js";
import { must } from "../../core/errors.js";
import { ANY, checkOptions, type Examples, type ExamplesOf, FUNCTION, OBJECT, TEXT } from "../../core/options.js";
import type { ProviderDifferences } from "../../core/provider/differences.js";
import type { Reply } from "../../core/request/response.js";
import type { ClaimValue } from "../../core/required-claims.js";
import {
  type AccessTokenRequest,
  type AccessTokenSettings,
  createAccessTokenCheck,
  type TrustedIssuer,
  type VerifiedAccessToken,
} from "../../core/resource-server/access-token.js";
import { type AccessTokenRefusal, refuse } from "../../core/resource-server/refusal.js";
import type { Dpop } from "../dpop.js";
import { mustBeFilledIn, mustBeSeconds, mustSign, urlOf } from "./checks.js";
import type { Introspection } from "./introspection.js";
import type { PortOptions } from "./ports.js";
import { createRefusalPrinter } from "./print-failures.js";
import { serverPortsOf } from "./server-ports.js";
import type { StepUp } from "./step-up.js";
import { type Environment, label, variableOf } from "./variables.js";

/** Which access tokens of one provider an API accepts. */
export interface IssuerOptions {
  /** The provider's issuer, exactly as its discovery document names it. Required. Variable: `LATCHKEY_ISSUER`. */
  issuer?: string;
  /** The name of this API at the provider, or several names; a token must be for one of them. Required. Variable: `LATCHKEY_AUDIENCE`, one name. */
  audience?: string | readonly string[];
  /**
   * Clients whose tokens are taken although they lack `aud`, by their `client_id`, as with AWS Cognito. A relaxation: such a token is for
   * every API that takes tokens of that client. A token that has an `aud` needs the right one. With it `audience` is not required. @default none
   */
  clientIds?: string | readonly string[];
  /** The one algorithm that access tokens may be signed with. @default "RS256" */
  signingAlg?: string;
  /**
   * `"rfc9068"` takes only tokens of the type `at+jwt`. `"any"` also takes those of the type `JWT`, or of none, as Auth0, Okta
   * and Entra issue them. An ID Token is then refused because it is for a client, so `audience` must not be a client id; one with
   * `nonce` or `at_hash` is refused in any case. A token of the type `at+jwt` must have all claims that RFC 9068 2.2 requires.
   * @default "any"
   */
  profile?: "rfc9068" | "any";
  /** Where the provider's documents are, if not where its issuer says: `discoveryUrl`, or `false` and `jwks_uri` in `metadata`. @default under the issuer */
  differences?: Pick<ProviderDifferences, "discoveryUrl" | "metadata">;
  /** Asks the provider about tokens that are no JWT: `introspection({ clientId, clientSecret })` (RFC 7662). @default such tokens are refused */
  introspection?: Introspection;
}

/**
 * Which access tokens an API accepts. `issuer` and `audience` are required, and may come from `LATCHKEY_*` variables instead. An
 * API needs no client id, no secret and no cookies.
 */
export interface AccessTokenOptions extends IssuerOptions, Omit<PortOptions, "random"> {
  /**
   * Several providers, in the place of `issuer`: their issuers, or an object for each. What such an object leaves out is as beside
   * `issuers`, but for `differences`, and for `introspection`, which one of the objects may have. The `iss` of a token says whose keys are used. @default the one `issuer`
   */
  issuers?: ReadonlyArray<string | IssuerOptions>;
  /**
   * Scopes separated by spaces, all of which a token must have been granted: in `scope` (RFC 9068 2.2.3), or in `scp` as with
   * Okta and Entra. @default none
   */
  scope?: string;
  /**
   * Claims that a token must have, such as `{ roles: "billing" }`: the claim is the value, or a list that has it. Of a list of values, one
   * is enough. A name with dots also reads inside of claims: `"realm_access.roles"`. @default none
   */
  claims?: Readonly<Record<string, ClaimValue | readonly ClaimValue[]>>;
  /** How and when the user must have authenticated: `stepUp({ acrValues, maxAge })` (RFC 9470). @default any way, at any time */
  stepUp?: StepUp;
  /** Takes tokens that are bound to a key: `dpop({ baseUrl })` of `latchkey/dpop` (RFC 9449). @default bound tokens are refused */
  dpop?: Dpop;
  /** The URL of the API's metadata, for challenges: `protectedResource(…).url` (RFC 9728). @default none */
  resourceMetadata?: string;
  /**
   * Called with the reason when a request is refused, for logs. Its errors are ignored.
   * @default prints what an option may mend, such as tokens for another audience: each line once a minute, then with a count
   */
  onRefused?: (refusal: AccessTokenRefusal) => void;
  /** Seconds that a request to the provider may take. @default 5 */
  httpTimeout?: number;
  /** Seconds by which the provider's clock may differ from the app's. @default 30 */
  clockTolerance?: number;
}

/** The names of the options of one provider. */
const issuerExamples: ExamplesOf<IssuerOptions> = {
  issuer: TEXT,
  audience: ANY,
  clientIds: ANY,
  signingAlg: TEXT,
  profile: TEXT,
  introspection: ANY,
  differences: OBJECT,
};

/** All options, by an example each: one that is misspelt would leave the API open. In a pure call, as `authExamples`. */
export const accessTokenExamples: ExamplesOf<AccessTokenOptions> = /* @__PURE__ */ (() => ({
  ...issuerExamples,
  issuers: [],
  scope: TEXT,
  claims: OBJECT,
  stepUp: ANY,
  dpop: ANY,
  resourceMetadata: TEXT,
  onRefused: FUNCTION,
  httpTimeout: 5,
  clockTolerance: 30,
  now: FUNCTION,
  fetch: FUNCTION,
}))();

/** Checks a request: gives the verified access token, or the reply to send. */
export type Check = (
  request: AccessTokenRequest,
) => Promise<{ readonly access: VerifiedAccessToken } | { readonly reply: Reply }>;

/**
 * The check for these options.
 * @param examples of all options that the adapter takes
 * @throws MisuseError (`invalid_config`) naming what to change
 */
export function createCheck(
  options: AccessTokenOptions,
  env: Environment,
  examples: Examples = accessTokenExamples,
): Check {
  const settings = settingsOf(options, env, examples);
  const ports = serverPortsOf(options);
  const check = createAccessTokenCheck(settings, ports);
  const { onRefused = createRefusalPrinter(ports.now) } = options;
  return async (request) => {
    const verdict = await check(request);
    if (!("refusal" in verdict)) return verdict;
    try {
      onRefused(verdict.refusal);
    } catch {
      // An observer must not affect the request; ignore its errors.
    }
    return { reply: refuse(verdict, settings) };
  };
}

const setAudience = (): string => `set ${label("audience")} to the name of this API at the provider`;

/** Completes options from the environment and checks the whole. */
function settingsOf(options: AccessTokenOptions, env: Environment, examples: Examples): AccessTokenSettings {
  const { issuers, scope, claims = {}, stepUp, dpop, resourceMetadata } = options;
  const { issuer = env[variableOf("issuer")], audience = env[variableOf("audience")] } = options;
  const { clockTolerance = CLOCK_TOLERANCE, httpTimeout = HTTP_TIMEOUT } = options;
  checkOptions(
    options,
    examples,
    [!issuer && `set ${label("issuer")}`, !audience?.[0] && !options.clientIds?.[0] && setAudience()].filter(
      (missing): missing is string => !issuers && typeof missing === "string",
    ),
  );
  // RFC 6749 3.3: no quotes, no backslashes and no control characters, which have no place in a header (RFC 6750 3).
  must(
    scope === undefined || /^[ !#-[\]-~]*[!#-[\]-~][ !#-[\]-~]*$/.test(scope),
    "scope must be names separated by spaces, or be left out",
  );
  must(
    Object.values(claims).every((value) => [value].flat()[0] !== undefined && [value].flat().every(isClaimValue)),
    "claims must hold text, numbers or booleans",
  );
  // One key set would then sign tokens of all of them.
  must(!issuers || !options.differences, "differences belongs into each of issuers");
  // The path of a URL of another scheme may have quotes, which have no place in a challenge.
  must(
    resourceMetadata === undefined || (URL.canParse(resourceMetadata) && /^https?:/i.test(resourceMetadata)),
    "resourceMetadata must be a URL",
  );
  mustBeMade({ dpop, stepUp });
  mustBeSeconds(httpTimeout, clockTolerance);
  return {
    issuers: trustedIssuersOf({ ...options, issuer, audience }),
    scope: scope?.split(" ").filter(Boolean) ?? [],
    claims,
    stepUp: stepUp as AccessTokenSettings["stepUp"],
    dpop: dpop as AccessTokenSettings["dpop"],
    resourceMetadata: resourceMetadata && new URL(resourceMetadata).href,
    clockTolerance,
    httpTimeout,
  };
}

const isClaimValue = (value: unknown): boolean => "string number boolean".includes(typeof value) && value !== "";

/** Options whose values a function of the same name makes. @throws MisuseError (`invalid_config`) for other values */
function mustBeMade(options: Readonly<Record<string, { readonly check?: unknown } | undefined>>): void {
  for (const name in options)
    must(!options[name] || typeof options[name].check === "function", `${name} must be what ${name}() returns`);
}

/** The providers of these options, which `issuer` and `audience` of the environment have completed. */
function trustedIssuersOf({ issuers = [{}], ...common }: AccessTokenOptions): readonly TrustedIssuer[] {
  const trusted = issuers.map((each) => {
    const own = typeof each === "string" ? { issuer: each } : each;
    checkOptions(own, issuerExamples);
    return trustedIssuerOf({ ...common, ...own });
  });
  must(
    trusted[0] &&
      new Set(trusted.map(({ issuer }) => issuer)).size === trusted.length &&
      // A token that is no JWT does not say whose it is, and must not be shown to another provider.
      trusted.filter(({ introspection }) => introspection).length < 2,
    "issuers must be different, and one of them may have introspection",
  );
  return trusted;
}

/** One provider, checked. */
function trustedIssuerOf(options: IssuerOptions): TrustedIssuer {
  const { issuer, audience = [], clientIds = [], signingAlg = "RS256", profile = "any" } = options;
  const { introspection, differences } = options;
  urlOf(issuer, label("issuer"));
  const [audiences, clients] = [[audience].flat(), [clientIds].flat()];
  must(audiences[0] || clients[0], setAudience());
  for (const each of [...audiences, ...clients]) mustBeFilledIn(each || " ", `${label("audience")}, clientIds`);
  mustSign(signingAlg, "signingAlg");
  must(profile === "any" || profile === "rfc9068", 'profile must be "any" or "rfc9068"');
  mustBeMade({ introspection });
  return {
    issuer: `${issuer}`,
    audience: audiences,
    clientIds: clients,
    signingAlg,
    profile,
    introspection: introspection as TrustedIssuer["introspection"],
    differences,
  };
}
