import { type ComponentType, createElement, useEffect, useRef } from "react";
import { shownPath, watchPage } from "../browser/page.js";
import { useModel, useModelState } from "./context.js";
import type { AuthModel } from "./model.js";
import { placeAt } from "./return-to.js";
import { wrapped } from "./wrapped.js";

/** Who has been sent to sign in, and from which path: once for all components of a page, and however often effects run. */
const leaving = /* @__PURE__ */ new WeakMap<AuthModel, string | undefined>();

/**
 * Shows a component only to who is signed in; who is not is sent to sign in, and back to this page. After a sign-in that
 * failed nobody is sent again: the error is in `useAuth()`. Nor is who signs out, while the provider's session may still
 * live: not before somebody looks at the page again.
 */
export function withLoginRequired<Props extends object>(
  Component: ComponentType<Props>,
): ComponentType<Props & { path?: string }> {
  return wrapped("withLoginRequired", Component, function LoginRequired({ path, ...props }: Props & { path?: string }) {
    const model = useModel();
    const { isLoading, isAuthenticated, isSignedOut, error } = useModelState(model);
    const wasShown = useRef(false);
    const mustLogin = !isLoading && !isAuthenticated && !error;
    useEffect(() => {
      wasShown.current ||= isAuthenticated;
      if (!mustLogin) {
        leaving.delete(model);
        return;
      }
      const leave = () => {
        leaving.set(model, path);
        const returnTo = shownPath();
        // What goes wrong is in the state, and was told.
        model.login({ returnTo, appState: { returnTo: placeAt(returnTo) } }).catch(() => {});
      };
      const leaveOnce = () => {
        const isSent = leaving.has(model) && leaving.get(model) === path;
        if (!isSent && !model.isEnding?.()) leave();
      };
      if (!(wasShown.current && isSignedOut)) leaveOnce();
      // Back from the provider's page, to this one as it was left.
      return watchPage({ look: leaveOnce, restored: leave });
    }, [model, mustLogin, isAuthenticated, isSignedOut, path]);
    return isAuthenticated
      ? createElement(Component, props as unknown as Props)
      : (model.handlers.onRedirecting?.() ?? null);
  });
}
