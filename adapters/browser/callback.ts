import type { ExchangeError } from "../../core/errors.js";
import { safeReturnTo } from "../../core/exchange/return-to.js";
import { isOnWay, stateIn } from "./courier.js";
import type { Settings } from "./settings.js";
import { type Context, endSignIn, type Outcome, type Waiting, waitingIn } from "./sign-in.js";
import { findTransaction } from "./transactions.js";

/** What a finished sign-in leads back to. */
export interface SignedIn {
  /** A path on this site. */
  readonly returnTo: string;
  readonly appState?: unknown;
}

/** What becomes of a sign-in that has come back. */
export interface Landing {
  /** `isSilent`: nobody was asked anything. */
  succeed(outcome: Outcome, isSilent: boolean): Promise<void>;
  /** The provider knows nobody, and nobody was asked. */
  findNobody(waiting: Waiting): Promise<void>;
}

/** The page that a URL shows, whether its path ends in a slash or not. */
function pageOf(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname.replace(/\/$/, "");
}

export const isPage = (url: string, ...pages: readonly string[]): boolean => pages.map(pageOf).includes(pageOf(url));

/** The sign-in of this client, in this tab, that came back to a URL, if one did. */
export const landedIn = ({ redirectUri, clientKey }: Settings, url: string) =>
  isPage(url, redirectUri) ? findTransaction(stateIn(url) ?? "", clientKey) : undefined;

/**
 * Ends a sign-in of this client that came back to `url`. Undefined when no such sign-in did: then the URL and the stored
 * transaction stay as they are, for the client that began it. @throws ExchangeError
 */
export async function land(context: Context, url: string, landing: Landing): Promise<SignedIn | undefined> {
  const transaction = landedIn(context.settings, url);
  if (!transaction) return undefined;
  // Before the code is spent: a reload, or the way back, must not bring it again.
  if (url === location.href) {
    const clean = new URL(url);
    clean.search = new URL(context.settings.redirectUri).search;
    history.replaceState(history.state, "", clean);
  }
  const waiting = waitingIn(transaction);
  const isSilent = isOnWay(transaction.state, "silent");
  try {
    await landing.succeed(await endSignIn(context, transaction, url), isSilent);
  } catch (error) {
    if (!isSilent || (error as Partial<ExchangeError>).code !== "login_required") throw error;
    await landing.findNobody(waiting);
  }
  return { returnTo: safeReturnTo(transaction.returnTo, location.origin, "/"), appState: waiting.appState };
}
