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

/** What is left to do when the session of this page has ended: at the provider, and where to go. Never throws for what the provider does. */
export async function signOut(
  { provider, postLogoutRedirectUri, navigate, emit }: ClientContext,
  ended: ClientSession | null,
  { returnTo, local = false, params }: LogoutOptions,
): Promise<void> {
  const wanted = returnTo ?? postLogoutRedirectUri ?? "/";
  const home = new URL(URL.canParse(wanted, location.origin) ? wanted : "/", location.origin);
  const request = { ...ended?.tokens, postLogoutRedirectUri: home.href, params, revokeOnly: local };
  const url = await signOutAtProvider({ provider, emit }, request);
  if (local) return;
  // Only the provider knows which addresses are registered. Without its answer, this page goes to its own site or to the configured address.
  const isAllowed = home.origin === location.origin || home.href === postLogoutRedirectUri;
  navigate(url ?? (isAllowed ? home.href : "/"));
}
