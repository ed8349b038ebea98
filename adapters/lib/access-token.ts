import { CLOCK_TOLERANCE, HTTP_TIMEOUT } from "../../core/defaults.js";
import { must } from "../../core/errors.js";
import { ANY, checkOptions, type Examples, type ExamplesOf, FUNCTION, TEXT } from "../../core/options.js";
import type { Reply } from "../../core/request/response.js";
import {
  type AccessTokenSettings,
  createAccessTokenCheck,
  type VerifiedAccessToken,
} from "../../core/resource-server/access-token.js";
import { type AccessTokenRefusal, refuse } from "../../core/resource-server/bearer.js";
import { mustBeFilledIn, mustBeSeconds, mustSign, urlOf } from "./checks.js";
import type { PortOptions } from "./ports.js";
import { createRefusalPrinter } from "./print-failures.js";
import { serverPortsOf } from "./server-ports.js";
import { type Environment, label, variableOf } from "./variables.js";

/**
 * Which access tokens an API accepts. `issuer` and `audience` are required, and may come from `LATCHKEY_*` variables instead. An
 * API needs no client id, no secret and no cookies.
 */
export interface AccessTokenOptions extends Omit<PortOptions, "random"> {
  /** The provider's issuer, exactly as its discovery document names it. Required. Variable: `LATCHKEY_ISSUER`. */
  issuer?: string;
  /** The name of this API at the provider, or several names; a token must be for one of them. Required. Variable: `LATCHKEY_AUDIENCE`, one name. */
  audience?: string | readonly string[];
  /**
   * Scopes separated by spaces, all of which a token must have been granted: in `scope` (RFC 9068 2.2.3), or in `scp` as with
   * Okta and Entra. The handler checks other claims, such as Auth0's `permissions`. @default none
   */
  scope?: string;
  /** The one algorithm that access tokens may be signed with. @default "RS256" */
  signingAlg?: string;
  /**
   * `"rfc9068"` takes only tokens of the type `at+jwt`. `"any"` also takes those of the type `JWT`, or of none, as Auth0, Okta
   * and Entra issue them. An ID Token is then refused because it is for a client, so `audience` must not be a client id; one with
   * `nonce` or `at_hash` is refused in any case. A token of the type `at+jwt` must have all claims that RFC 9068 2.2 requires.
   * @default "any"
   */
  profile?: "rfc9068" | "any";
  /**
   * Called with the reason when a request is refused, for logs. Its errors are ignored.
   * @default prints what an option may mend, such as tokens for another audience: each reason at most once a minute
   */
  onRefused?: (refusal: AccessTokenRefusal) => void;
  /** Seconds that a request to the provider may take. @default 5 */
  httpTimeout?: number;
  /** Seconds by which the provider's clock may differ from the app's. @default 30 */
  clockTolerance?: number;
}

/** All options, by an example each: one that is misspelt would leave the API open. */
export const accessTokenExamples: ExamplesOf<AccessTokenOptions> = {
  issuer: TEXT,
  audience: ANY,
  scope: TEXT,
  signingAlg: TEXT,
  profile: TEXT,
  onRefused: FUNCTION,
  httpTimeout: 5,
  clockTolerance: 30,
  now: FUNCTION,
  fetch: FUNCTION,
};

/** Checks an Authorization header: gives the verified access token, or the reply to send. */
export type Check = (
  authorization: string | null | undefined,
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
  return async (authorization) => {
    const verdict = await check(authorization);
    if (!("refusal" in verdict)) return verdict;
    try {
      onRefused(verdict.refusal);
    } catch {
      // An observer must not affect the request; ignore its errors.
    }
    return { reply: refuse(verdict.refusal, settings.scope) };
  };
}

/** Completes options from the environment and checks the whole. */
function settingsOf(options: AccessTokenOptions, env: Environment, examples: Examples): AccessTokenSettings {
  const { issuer = env[variableOf("issuer")], audience = env[variableOf("audience")] || [], scope } = options;
  const {
    signingAlg = "RS256",
    profile = "any",
    clockTolerance = CLOCK_TOLERANCE,
    httpTimeout = HTTP_TIMEOUT,
  } = options;
  const audiences = [audience].flat();
  checkOptions(options, examples, [
    ...(issuer ? [] : [`set ${label("issuer")}`]),
    ...(audiences[0] ? [] : [`set ${label("audience")} to the name of this API at the provider`]),
  ]);

  urlOf(issuer, label("issuer"));
  must(
    audiences.every((name) => typeof name === "string" && name.trim()),
    `${label("audience")} must hold strings that are not empty`,
  );
  for (const name of audiences) mustBeFilledIn(name, label("audience"));
  // RFC 6749 3.3: no quotes, no backslashes and no control characters, which have no place in a header (RFC 6750 3).
  must(
    scope === undefined || /^[ !#-[\]-~]*[!#-[\]-~][ !#-[\]-~]*$/.test(scope),
    "scope must be names separated by spaces, or be left out",
  );
  mustSign(signingAlg, "signingAlg");
  must(profile === "any" || profile === "rfc9068", 'profile must be "any" or "rfc9068"');
  mustBeSeconds(httpTimeout, clockTolerance);

  return {
    issuer: `${issuer}`,
    audience: audiences,
    scope: scope?.split(" ").filter(Boolean) ?? [],
    signingAlg,
    profile,
    clockTolerance,
    httpTimeout,
  };
}
