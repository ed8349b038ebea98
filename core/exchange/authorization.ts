import type { AuthorizationParameters } from "./types.js";

/** Authorization parameters that the protocol relies on: no option of an app can set them. */
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
  /** Sign in to this organization; the ID Token is checked for it. @default any organization */
  organization?: string;
  /** The name or address that the provider's sign-in page begins with (`login_hint`). @default none */
  loginHint?: string;
  /** Seconds since the user last authenticated, at most; the ID Token is checked for it. @default no limit */
  maxAge?: number;
  /** `none`, `login`, `consent`, `select_account` (OpenID Connect Core 3.1.2.1). @default none: the provider decides */
  prompt?: string;
  /** Further authorization parameters. Those that the protocol relies on cannot be set. @default none */
  params?: AuthorizationParameters;
}

/** What an authorization request says beside the parameters of the protocol. */
interface Authorization {
  readonly parameters: AuthorizationParameters;
  /** Checked at the callback. Seconds. */
  readonly maxAge: number | undefined;
  /** Checked at the callback. */
  readonly organization: string | undefined;
}

/** Merges the configured parameters with those of one sign-in, and takes out the two that the callback is checked against. */
export function authorizationOf(configured: AuthorizationParameters, options: AuthorizationOptions): Authorization {
  const parameters: Record<string, string | readonly string[]> = { ...configured, ...options.params };
  for (const name of protectedParameters) delete parameters[name];
  if (options.loginHint !== undefined) parameters["login_hint"] = options.loginHint;
  if (options.prompt !== undefined) parameters["prompt"] = options.prompt;
  const { max_age: parameter = "", organization, ...rest } = parameters;
  const maxAge = options.maxAge ?? parameter;
  return {
    parameters: rest,
    // A value that is not a number of seconds requires a fresh authentication rather than none.
    maxAge: maxAge === "" ? undefined : Math.floor(Math.max(0, Number(maxAge) || 0)),
    organization: options.organization ?? organization?.toString(),
  };
}
