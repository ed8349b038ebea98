import { must } from "../errors.js";
import { grantedScope } from "../exchange/token-set.js";
import type { Allow, GuardedRequest } from "./requirement.js";

/**
 * For `allow` of a guard: the access token of the session must have been granted these scopes, separated by spaces.
 *
 * @example
 * ```ts
 * import { hasScope, requireSession } from "latchkey/express";
 *
 * export const guard = requireSession({ allow: hasScope("read:invoices") });
 * ```
 * @throws MisuseError (`invalid_config`) without a scope
 */
export function hasScope(scope: string): Allow<unknown> {
  must(typeof scope === "string" && scope.trim(), "hasScope takes scopes, separated by spaces");
  return async (_user, _session, request) => {
    const { context }: GuardedRequest = request;
    const tokens = await context.tokens();
    const granted = tokens ? grantedScope(tokens, context.config.scope).split(" ") : [];
    return scope.split(" ").every((word) => !word || granted.includes(word));
  };
}
