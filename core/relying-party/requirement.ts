import type { Awaitable } from "../awaitable.js";
import { must } from "../errors.js";
import type { User } from "../exchange/user.js";
import { checkOptions, type Examples, FUNCTION, OBJECT } from "../options.js";
import type { RegisteredData } from "../register.js";
import type { RequiredClaims } from "../required-claims.js";
import type { AuthSession } from "./request-auth.js";
import type { ProviderContext } from "./request-context.js";
import type { signIn } from "./sign-in.js";

/** The request that a guard looks at, for the functions of this package. */
export interface GuardedRequest {
  readonly context: ProviderContext<unknown>;
  /** Whether the reply may be a page. */
  readonly isPage: boolean;
  /** Given, so that an API that has no sign-in can import `stepUp`. */
  readonly signIn: typeof signIn;
}

/** Whether a user may pass a guard: a function of the app, or of `hasScope`. */
export type Allow<Data = RegisteredData> = (
  user: User,
  session: AuthSession<Data>,
  // Not for apps: a function that takes two arguments fits.
  request: never,
) => Awaitable<unknown>;

/** The value of `stepUp`, as guards of sessions call it. */
export interface SessionStepUp {
  guard(session: never, request: never): Promise<unknown>;
}

/** What a guard requires of the session of a signed-in user. All members that are set must hold. */
export interface SessionRequirement<Data = RegisteredData> {
  /**
   * Claims of `session.user`, such as `{ roles: "billing" }`: each must be the value, or be a list that has it. Of a list of values, one is
   * enough. A name with dots also reads inside of claims: `"realm_access.roles"`. @default none
   */
  claims?: RequiredClaims;
  /** Whether this user may pass: a function of the app, or `hasScope(...)`. @default every user may */
  allow?: Allow<Data>;
  /** How and when the user must have authenticated: `stepUp({ acrValues, maxAge })`. @default in any way, at any time */
  stepUp?: SessionStepUp;
}

/**
 * Checks a requirement. A misspelt member, or a value that is missing, would leave the guard open.
 * @param further examples of the other members that the caller's options have
 * @throws MisuseError (`invalid_config`)
 */
export function checkRequirement<Data>(requirement: SessionRequirement<Data> = {}, further?: Examples): void {
  checkOptions(requirement, { claims: OBJECT, allow: FUNCTION, stepUp: OBJECT, ...further });
  const { claims = {} } = requirement;
  for (const name in claims) must(claims[name] !== undefined, `set claims.${name}`);
}
