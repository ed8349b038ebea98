import { signOutAtProvider } from "../../core/exchange/sign-out.js";
import type { ClientSession } from "./client-session.js";
import type { ClientContext } from "./sign-in.js";

/** How to sign out. */
export interface LogoutOptions {
  /** @default the client's `postLogoutRedirectUri` */
  returnTo?: string;
  /** Leave the provider's session as it is. @default false */
  local?: boolean;
  /** Further parameters for the provider, such as Auth0's `federated`. @default none */
  params?: Readonly<Record<string, string>>;
}

/**
 * Ends the sign-in at the provider after the session of the page has ended, and leaves the page: for the provider's sign-out, or
 * for the app's own site. A failure of the provider is an event, and throws nothing.
 */
export async function signOut(
  { provider, postLogoutRedirectUri, navigate, emit }: ClientContext,
  ended: ClientSession | null,
  { returnTo, local = false, params }: LogoutOptions,
): Promise<void> {
  const target = returnTo ?? postLogoutRedirectUri ?? "/";
  const home = new URL(URL.canParse(target, location.origin) ? target : "/", location.origin);
  const request = { ...ended?.tokens, postLogoutRedirectUri: home.href, params, revokeOnly: local };
  const url = await signOutAtProvider({ provider, emit }, request);
  if (local) return;
  // Only the provider knows which URLs are registered. Without it, the page goes only to its own site or the configured URL.
  const isAllowed = home.origin === location.origin || home.href === postLogoutRedirectUri;
  navigate(url ?? (isAllowed ? home.href : "/"));
}
