import { safeReturnTo } from "../../core/exchange/return-to.js";
import { acceptSignIn } from "./accept-sign-in.js";
import { isPage } from "./callback.js";
import { createClientCallback } from "./client-callback.js";
import type { Client, LoginOptions } from "./client-types.js";
import type { ClientOptions } from "./options.js";
import { currentPath } from "./page.js";
import { createPageContext, fail, isServer, mustBeInPage, type PageContext, userOf } from "./page-context.js";
import { openPopup } from "./popup.js";
import { getAccessToken } from "./renewal.js";
import { tokenStatus } from "./renewal-rules.js";
import { normalizeRequest } from "./session.js";
import { leaveToSignIn, signInElsewhere } from "./sign-in.js";
import { type LogoutOptions, signOut } from "./sign-out.js";
import { createStart, never } from "./start.js";
import type { Turn } from "./turn.js";

/**
 * Makes a client of an OpenID Provider for this page. On a server it has no user and sends no request.
 *
 * @example
 * ```ts
 * import { createClient } from "latchkey/browser";
 *
 * const client = createClient({
 *   issuer: "https://tenant.eu.auth0.com/",
 *   clientId: "…",
 *   redirectUri: `${location.origin}/callback/`,
 * });
 *
 * const signedIn = await client.handleCallback();
 * if (signedIn) history.replaceState(null, "", signedIn.returnTo);
 * const user = await client.getUser();
 * if (!user) await client.login();
 * ```
 * @throws MisuseError (`invalid_config`) when the options are wrong
 */
export function createClient(options: ClientOptions): Client {
  const context = createPageContext(options, () => followSignIn());
  const { authState } = context;
  const callback = createClientCallback(context, (error) => fail(context, error));
  const { start, followSignIn } = createStart(context, callback);
  return {
    getState: authState.getState,
    onChange: authState.onChange,
    async getUser() {
      await start();
      return userOf(context);
    },
    login: (loginOptions = {}) => login(context, loginOptions),
    async handleCallback(url) {
      if (isServer) return undefined;
      if (await callback.relay()) return never;
      try {
        return await callback.complete(url);
      } catch (error) {
        // The callback failed, but the user may have a session: restore it, as on any page.
        start().catch(() => {});
        throw error;
      }
    },
    logout: (logoutOptions = {}) => logout(context, logoutOptions),
    async getAccessToken(request = {}) {
      mustBeInPage();
      await start();
      return getAccessToken(context, request);
    },
    peekAccessToken(request = {}) {
      const tokens = context.session()?.tokens;
      if (!tokens || request.refresh) return undefined;
      const { token } = tokenStatus(tokens, normalizeRequest(context, tokens, request), context.ports.now());
      if (!token) return undefined;
      const { accessToken, expiresAt, dueAt, scope, audience } = token;
      return { accessToken, expiresAt, dueAt, scope, audience };
    },
  };
}

async function login(
  context: PageContext,
  { popup: isPopup = false, returnTo, audience, ...options }: LoginOptions,
): Promise<void> {
  mustBeInPage();
  // Before the first `await`: browsers open a window only during the click.
  const popup = isPopup ? openPopup() : undefined;
  // A sign-in that begins on the callback page does not return to that page, but to the one of the sign-in before.
  const here = isPage(location.href, context.redirectUri) ? (context.retryTo ?? "/") : currentPath();
  const request = {
    ...options,
    tokenRequest: normalizeRequest(context, undefined, { audience }),
    returnTo: safeReturnTo(returnTo, location.origin, here),
  };
  try {
    if (!popup) return await leaveToSignIn(context, { ...request, mode: "page" });
    const result = signInElsewhere(context, { ...request, mode: "popup" }, popup.authorize);
    const completion = result.then((signedIn) => acceptSignIn(context, signedIn, false));
    // A callback from a window that seemed closed still signs the user in, after this race.
    await Promise.race([completion, popup.untilClosed]);
  } catch (error) {
    popup?.close();
    fail(context, error);
    throw error;
  }
}

async function logout(context: PageContext, options: LogoutOptions): Promise<void> {
  const { session, elsewhere, emit } = context;
  let last = session() ?? elsewhere() ?? null;
  const endSession = (turn: Turn) => {
    // Another tab may have a newer refresh token to revoke; or none, if it is signing out too.
    last = session() ?? last;
    return turn.replaceSession(null, true);
  };
  // Again if the turn of another tab passed this one.
  while (!(await context.takeTurn(endSession, true)));
  emit({ type: "signed_out" });
  await signOut(context, last, options);
}
