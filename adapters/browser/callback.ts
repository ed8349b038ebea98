import type { ExchangeError } from "../../core/errors.js";
import { safeReturnTo } from "../../core/exchange/return-to.js";
import type { Transaction } from "../../core/exchange/types.js";
import { hasMode, stateIn } from "./callback-relay.js";
import type { Settings } from "./settings.js";
import { type ClientContext, finishSignIn, type SignInResult, signInStateOf } from "./sign-in.js";
import { findTransaction } from "./transactions.js";

/** What a finished sign-in leads back to. */
export interface SignedIn {
  /** A path on this site. */
  readonly returnTo: string;
  readonly appState?: unknown;
}

/** What becomes of a sign-in that has come back. */
export interface CallbackHandlers {
  /** `isSilent`: nobody was asked anything. */
  succeed(outcome: SignInResult, isSilent: boolean): Promise<void>;
  /** The provider knows nobody, and nobody was asked. */
  findNobody(transaction: Transaction): Promise<void>;
}

/** The page that a URL shows, whether its path ends in a slash or not. */
function pageOf(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname.replace(/\/$/, "");
}

export const isPage = (url: string, ...pages: readonly string[]): boolean => pages.map(pageOf).includes(pageOf(url));

/** The sign-in of this client, in this tab, that came back to a URL, if one did. */
export const callbackTransaction = ({ redirectUri, clientKey }: Settings, url: string) =>
  isPage(url, redirectUri) ? findTransaction(stateIn(url) ?? "", clientKey) : undefined;

/**
 * Ends a sign-in of this client that came back to `url`. Undefined when no such sign-in did: then the URL and the stored
 * transaction stay as they are, for the client that began it. @throws ExchangeError
 */
export async function completeCallback(
  context: ClientContext,
  url: string,
  landing: CallbackHandlers,
): Promise<SignedIn | undefined> {
  const transaction = callbackTransaction(context.settings, url);
  if (!transaction) return undefined;
  // Before the code is spent: a reload, or the way back, must not bring it again.
  if (url === location.href) {
    const clean = new URL(url);
    clean.search = new URL(context.settings.redirectUri).search;
    history.replaceState(history.state, "", clean);
  }
  const isSilent = hasMode(transaction.state, "silent");
  try {
    await landing.succeed(await finishSignIn(context, transaction, url), isSilent);
  } catch (error) {
    if (!isSilent || (error as Partial<ExchangeError>).code !== "login_required") throw error;
    await landing.findNobody(transaction);
  }
  const { appState } = signInStateOf(transaction);
  return { returnTo: safeReturnTo(transaction.returnTo, location.origin, "/"), appState };
}
