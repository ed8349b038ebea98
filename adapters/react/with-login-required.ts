import { type ComponentType, createElement, useEffect, useRef } from "react";
import { shownPath, watchPage } from "../browser/page.js";
import { useModel, useModelState } from "./context.js";
import type { AuthModel } from "./model.js";
import { placeAt } from "./return-to.js";
import { wrapped } from "./wrapped.js";

/** From which paths somebody has been sent to sign in: once for all components of a page, and however often effects run. */
const sent = /* @__PURE__ */ new WeakMap<AuthModel, Set<string | undefined>>();

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
        sent.delete(model);
        return;
      }
      const paths = sent.get(model) ?? new Set();
      sent.set(model, paths);
      const leave = () => {
        if (paths.has(path) || model.isEnding?.()) return;
        paths.add(path);
        const returnTo = shownPath();
        // What goes wrong is in the state, and was told.
        model.login({ returnTo, appState: { returnTo: placeAt(returnTo) } }).catch(() => {});
      };
      if (!(wasShown.current && isSignedOut)) leave();
      // Also who comes back from the provider's page, to this one as it was left.
      return watchPage({ look: leave, left: () => paths.clear(), restored: leave });
    }, [model, mustLogin, isAuthenticated, isSignedOut, path]);
    return isAuthenticated
      ? createElement(Component, props as unknown as Props)
      : (model.handlers.onRedirecting?.() ?? null);
  });
}
