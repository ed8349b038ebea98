import type { ExchangeError } from "../../core/errors.js";
import { safeReturnTo } from "../../core/exchange/return-to.js";
import { acceptNoSession, acceptSignIn } from "./accept-sign-in.js";
import { hasMode, stateIn } from "./callback-relay.js";
import type { Settings } from "./settings.js";
import { type ClientContext, finishWithCallback, signInStateOf } from "./sign-in.js";
import { findTransaction } from "./transactions.js";

/** The result of a sign-in that is complete: `returnTo` and `appState` as `login` got them. */
export interface SignedIn {
  /** A path on this site. */
  readonly returnTo: string;
  readonly appState?: unknown;
}

/** The URL of a page without its query and fragment, and without a slash at the end. */
function pageOf(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname.replace(/\/$/, "");
}

export const isPage = (url: string, ...pages: readonly string[]): boolean => pages.map(pageOf).includes(pageOf(url));

/** The transaction of the sign-in whose callback is `url`; undefined if this tab began no such sign-in with this client. */
export const callbackTransaction = ({ redirectUri, clientKey }: Settings, url: string) =>
  isPage(url, redirectUri) ? findTransaction(stateIn(url) ?? "", clientKey) : undefined;

/**
 * Completes the sign-in whose callback is `url`. If this client did not begin it, returns undefined and leaves the URL and the
 * transaction to the client that did. @throws ExchangeError
 */
export async function completeCallback(context: ClientContext, url: string): Promise<SignedIn | undefined> {
  const transaction = callbackTransaction(context, url);
  if (!transaction) return undefined;
  // Before the code is redeemed: a reload, or the back button, must not send it again.
  if (url === location.href) {
    const clean = new URL(url);
    clean.search = new URL(context.redirectUri).search;
    history.replaceState(history.state, "", clean);
  }
  const returnTo = safeReturnTo(transaction.returnTo, location.origin, "/");
  context.retryTo = returnTo;
  const isSilent = hasMode(transaction.state, "silent");
  try {
    await acceptSignIn(context, await finishWithCallback(context, transaction, url), isSilent);
  } catch (error) {
    if (!isSilent || (error as Partial<ExchangeError>).code !== "login_required") throw error;
    await acceptNoSession(context, transaction.subject);
  }
  const { appState } = signInStateOf(transaction);
  return { returnTo, appState };
}
