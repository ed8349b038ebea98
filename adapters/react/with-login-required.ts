import { type ComponentType, createElement, useEffect, useRef } from "react";
import type { User } from "../../core/exchange/user.js";
import { missingClaim, type RequiredClaims } from "../../core/required-claims.js";
import { currentPath, watchPage } from "../browser/page.js";
import { useModel, useModelState } from "./context.js";
import type { AuthModel } from "./model.js";
import { placeAt } from "./return-to.js";
import { wrapComponent } from "./wrap-component.js";

/** What a component requires of its user. The page only decides what it shows: whoever serves the data must guard them too. */
export interface UserRequirement {
  /** Claims of the user, as those of `requireSession` on the server: `{ roles: "billing" }`. @default none */
  claims?: RequiredClaims;
  /** A check of the app's own: whether this user sees the component. @default every user does */
  allow?: (user: User) => boolean;
}

/** The paths from which the page has redirected to sign in, so that it redirects once even if several components need it. */
const redirectPaths = /* @__PURE__ */ new WeakMap<AuthModel, Set<string | undefined>>();

/**
 * Shows a component only to a user who is signed in. Any other visitor is redirected to sign in, and returns to this page
 * afterwards. After a sign-in that failed it does not redirect again: the error is in `useAuth()`. After a sign-out it redirects
 * only when the user comes back to the page, since the user may still be signed in at the provider.
 *
 * A user who does not meet `requirement` sees what `onForbidden` of the provider renders, and is not redirected.
 *
 * The page redirects once for each value of the prop `path`, which an app can pass if its router shows several paths in one
 * component; the wrapped component does not get that prop.
 *
 * @example
 * ```tsx
 * import { useSession, withLoginRequired } from "latchkey/react";
 *
 * export const Profile = withLoginRequired(() => {
 *   const { user } = useSession();
 *   return <p>{user?.name}</p>;
 * });
 * ```
 */
export function withLoginRequired<Props extends object>(
  Component: ComponentType<Props>,
  { claims = {}, allow = () => true }: UserRequirement = {},
): ComponentType<Props & { path?: string }> {
  return wrapComponent(
    "withLoginRequired",
    Component,
    function LoginRequired({ path, ...props }: Props & { path?: string }) {
      const model = useModel();
      const { isLoading, isAuthenticated, isSignedOut, error, user } = useModelState(model);
      const wasShown = useRef(false);
      const mustLogin = !isLoading && !isAuthenticated && !error;
      useEffect(() => {
        wasShown.current ||= isAuthenticated;
        if (!mustLogin) {
          redirectPaths.delete(model);
          return;
        }
        return keepRedirecting(model, path, Boolean(wasShown.current && isSignedOut));
      }, [model, mustLogin, isAuthenticated, isSignedOut, path]);
      const { onRedirecting, onForbidden } = model.handlers;
      if (!user) return onRedirecting?.() ?? null;
      return missingClaim(user, claims) === undefined && allow(user)
        ? createElement(Component, props as unknown as Props)
        : (onForbidden?.() ?? null);
    },
  );
}

/**
 * Redirects to sign in, and again if the visitor comes back from the provider without a sign-in, until the returned function is
 * called. `isDeferred`: waits for the user to come back to the page before it redirects.
 */
function keepRedirecting(model: AuthModel, path: string | undefined, isDeferred: boolean): () => void {
  const paths = redirectPaths.get(model) ?? new Set();
  redirectPaths.set(model, paths);
  const redirect = () => {
    if (paths.has(path) || model.isLeaving) return;
    paths.add(path);
    const returnTo = currentPath();
    // The model reports an error itself, and has it in its state.
    model.login({ returnTo, appState: { returnTo: placeAt(returnTo) } }).catch(() => {});
  };
  if (!isDeferred) redirect();
  return watchPage({ onReturn: redirect, onLeave: () => paths.clear(), onRestore: redirect });
}
