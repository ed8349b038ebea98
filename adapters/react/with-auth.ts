import { type ComponentType, createElement } from "react";
import type { AccessTokenRequest } from "./model.js";
import { type UseAuth, useAuth } from "./use-auth.js";
import { wrapComponent } from "./wrap-component.js";

/**
 * Passes the result of {@link useAuth} to a component, as its prop `auth`.
 *
 * @example
 * ```tsx
 * import { type UseAuth, withAuth } from "latchkey/react";
 *
 * export const Greeting = withAuth(({ auth }: { auth: UseAuth }) => <p>{auth.user?.name ?? "You are not signed in"}</p>);
 * ```
 */
export function withAuth<Props extends { auth: UseAuth }>(
  Component: ComponentType<Props>,
  request?: AccessTokenRequest,
): ComponentType<Omit<Props, "auth">> {
  return wrapComponent("withAuth", Component, function WithAuth(props: Omit<Props, "auth">) {
    const auth = useAuth(request);
    return createElement(Component, { ...props, auth } as unknown as Props);
  });
}
