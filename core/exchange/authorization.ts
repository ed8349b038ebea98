import type { AuthorizationParameters } from "./types.js";

/** Authorization parameters that latchkey sets itself; options of an app cannot set them. */
export const protectedParameters: ReadonlySet<string> = /* @__PURE__ */ new Set([
  "client_id",
  "client_secret",
  "code_challenge",
  "code_challenge_method",
  "code_verifier",
  "nonce",
  "redirect_uri",
  "request",
  "request_uri",
  "response_mode",
  "response_type",
  "scope",
  "state",
]);

/** Options of one authorization request. */
export interface AuthorizationOptions {
  /** Signs in to this organization; the ID Token must name it. @default any organization */
  organization?: string;
  /** The user name or e-mail address that the provider's sign-in page is filled in with (`login_hint`). @default none */
  loginHint?: string;
  /** The most seconds since the user last authenticated; the ID Token must show it. @default no limit */
  maxAge?: number;
  /**
   * An authentication context, or several of which one must be met, the preferred one first (`acr_values`): the `acr` of the ID Token
   * must be one of them. @default any; `acr_values` in `params` is a wish that no check follows
   */
  acrValues?: string | readonly string[];
  /** `none`, `login`, `consent`, `select_account` (OpenID Connect Core 3.1.2.1). @default not sent: the provider decides */
  prompt?: string;
  /** Further authorization parameters, except those that latchkey sets itself. @default none */
  params?: AuthorizationParameters;
}

/** The parameters of an authorization request that an app can set, and those among them that the callback checks. */
interface Authorization {
  readonly parameters: AuthorizationParameters;
  /** Seconds. */
  readonly maxAge: number | undefined;
  readonly acrValues: readonly string[] | undefined;
  readonly organization: string | undefined;
}

/** Merges the configured parameters with those of one sign-in, and finds those that the callback checks. */
export function authorizationOf(configured: AuthorizationParameters, options: AuthorizationOptions): Authorization {
  const parameters: Record<string, string | readonly string[]> = { ...configured, ...options.params };
  for (const name of protectedParameters) delete parameters[name];
  if (options.loginHint !== undefined) parameters["login_hint"] = options.loginHint;
  if (options.prompt !== undefined) parameters["prompt"] = options.prompt;
  const acrValues = options.acrValues === undefined ? undefined : [options.acrValues].flat();
  if (acrValues) parameters["acr_values"] = acrValues.join(" ");
  const { max_age: parameter = "", organization, ...rest } = parameters;
  const maxAge = options.maxAge ?? parameter;
  return {
    parameters: rest,
    // A value that is not a number of seconds requires a fresh authentication rather than none.
    maxAge: maxAge === "" ? undefined : Math.floor(Math.max(0, Number(maxAge) || 0)),
    acrValues,
    organization: options.organization ?? organization?.toString(),
  };
}
