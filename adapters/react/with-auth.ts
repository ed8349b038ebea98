import { type ComponentType, createElement } from "react";
import type { AccessTokenRequest } from "./model.js";
import { type UseAuth, useAuth } from "./use-auth.js";
import { wrapped } from "./wrapped.js";

/** Gives a component what {@link useAuth} knows, as its prop `auth`. */
export function withAuth<Props extends { auth: UseAuth }>(
  Component: ComponentType<Props>,
  request?: AccessTokenRequest,
): ComponentType<Omit<Props, "auth">> {
  return wrapped("withAuth", Component, function WithAuth(props: Omit<Props, "auth">) {
    const auth = useAuth(request);
    return createElement(Component, { ...props, auth } as unknown as Props);
  });
}
