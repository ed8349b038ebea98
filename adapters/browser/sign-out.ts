import { ExchangeError } from "../../core/errors.js";
import { failure } from "../../core/events.js";
import type { ClientSession } from "./client-session.js";
import type { ClientContext } from "./sign-in.js";

/** What one sign-out may ask for. */
export interface LogoutOptions {
  /** @default the client's `postLogoutRedirectUri` */
  returnTo?: string;
  /** Only here, not at the provider. @default false */
  local?: boolean;
  /** Further parameters for the provider, such as Auth0's `federated`. */
  params?: Readonly<Record<string, string>>;
}

/** What is left to do when a session has ended: its refresh token, and the provider's session. Never throws for what the provider does. */
export async function signOut(
  { settings, emit }: ClientContext,
  ended: ClientSession | null,
  { returnTo, local = false, params }: LogoutOptions,
): Promise<void> {
  const { provider, postLogoutRedirectUri } = settings;
  const { idToken, refreshToken } = ended?.tokens ?? {};
  const attempt = async <T>(task: Promise<T> | undefined): Promise<T | undefined> => {
    try {
      return await task;
    } catch (error) {
      if (error instanceof ExchangeError) emit(failure(error));
      return undefined;
    }
  };
  const wanted = returnTo ?? postLogoutRedirectUri ?? "/";
  const home = new URL(URL.canParse(wanted, location.origin) ? wanted : "/", location.origin);
  const asked = { idTokenHint: idToken, postLogoutRedirectUri: home.href, params };
  // One that was made for later use outlives the provider's session.
  const revoked = attempt(refreshToken === undefined ? undefined : provider.revoke(refreshToken));
  const url = await attempt(local ? undefined : provider.endSessionUrl(asked));
  await revoked;
  if (local) return;
  // Where a provider would say whether that address is registered, and there is none to ask: this site's own, or the configured one.
  const isOurs = home.origin === location.origin || home.href === postLogoutRedirectUri;
  settings.navigate(url ?? (isOurs ? home.href : "/"));
}
