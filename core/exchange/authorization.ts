import { type AuthorizationParameters, protectedParameters } from "./machine.js";

/** What one sign-in may ask the provider for. */
export interface AuthorizationOptions {
  /** Sign in to this organization; the ID Token is checked for it. */
  organization?: string;
  loginHint?: string;
  /** Seconds since the user last authenticated, at most; the ID Token is checked for it. */
  maxAge?: number;
  /** `none`, `login`, `consent`, `select_account` (OpenID Connect Core 3.1.2.1). */
  prompt?: string;
  /** Further authorization parameters. Those that the protocol relies on cannot be set. */
  params?: AuthorizationParameters;
}

/** Splits what is to be checked at the callback from what is only passed on. */
export function authorizationOf(configured: AuthorizationParameters, options: AuthorizationOptions) {
  const parameters: Record<string, string | readonly string[]> = { ...configured, ...options.params };
  for (const name of protectedParameters) delete parameters[name];
  if (options.loginHint !== undefined) parameters["login_hint"] = options.loginHint;
  if (options.prompt !== undefined) parameters["prompt"] = options.prompt;
  const { max_age: asked = "", organization, ...rest } = parameters;
  const maxAge = options.maxAge ?? asked;
  return {
    parameters: rest,
    // Not a number of seconds: ask for a fresh authentication rather than for none.
    maxAge: maxAge === "" ? undefined : Math.floor(Math.max(0, Number(maxAge) || 0)),
    organization: options.organization ?? organization?.toString(),
  };
}
