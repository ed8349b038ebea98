import type { ExchangeError } from "../../core/errors.js";
import { safeReturnTo } from "../../core/exchange/return-to.js";
import { acceptNoSession, acceptSignIn } from "./accept-sign-in.js";
import { hasMode, stateIn } from "./callback-relay.js";
import type { Settings } from "./settings.js";
import { type ClientContext, finishSignIn, signInStateOf } from "./sign-in.js";
import { findTransaction } from "./transactions.js";

/** What `login` was given, once the sign-in is complete. */
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

/** The transaction of a sign-in of this client, in this tab, that came back to `url`; undefined if none did. */
export const callbackTransaction = ({ redirectUri, clientKey }: Settings, url: string) =>
  isPage(url, redirectUri) ? findTransaction(stateIn(url) ?? "", clientKey) : undefined;

/**
 * Completes a sign-in of this client that came back to `url`. Undefined if none did: then the URL and the stored transaction
 * stay as they are, for the client that began it. @throws ExchangeError
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
  const isSilent = hasMode(transaction.state, "silent");
  try {
    await acceptSignIn(context, await finishSignIn(context, transaction, url), isSilent);
  } catch (error) {
    if (!isSilent || (error as Partial<ExchangeError>).code !== "login_required") throw error;
    await acceptNoSession(context, transaction.subject);
  }
  const { appState } = signInStateOf(transaction);
  return { returnTo: safeReturnTo(transaction.returnTo, location.origin, "/"), appState };
}
