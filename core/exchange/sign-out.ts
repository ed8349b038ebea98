import { exchangeErrorOf } from "../errors.js";
import { failure } from "../events.js";
import type { Observer } from "./drive.js";
import type { TokenSet } from "./token-set.js";
import type { AuthorizationParameters } from "./types.js";

/** The functions of the provider that a sign-out calls. */
export interface SignOutProvider {
  /** The URL to send the browser to (RP-Initiated Logout 2); undefined if the provider has no such endpoint. */
  endSessionUrl(input: {
    idToken?: string | undefined;
    postLogoutRedirectUri: string;
    params?: AuthorizationParameters | undefined;
  }): Promise<string | undefined>;
  revoke(token: string): Promise<void>;
}

/** The provider's part of one sign-out, with the tokens of the session that has ended. */
export interface ProviderSignOut extends Pick<TokenSet, "idToken" | "refreshToken"> {
  readonly postLogoutRedirectUri: string;
  readonly params?: AuthorizationParameters | undefined;
  /** Only revoke the refresh token, and leave the provider's session. @default false */
  readonly revokeOnly?: boolean;
}

/**
 * Revokes the refresh token of a session that has ended, and returns the URL at which the browser ends the provider's session. The
 * session has ended here whatever the provider does, so a failure of the provider is only an event.
 */
export async function signOutAtProvider(
  { provider, emit }: Observer & { readonly provider: SignOutProvider },
  { refreshToken, revokeOnly, ...request }: ProviderSignOut,
): Promise<string | undefined> {
  const report = (error: unknown) => {
    emit(failure(exchangeErrorOf(error)));
    return undefined;
  };
  const [url] = await Promise.all([
    revokeOnly ? undefined : provider.endSessionUrl(request).catch(report),
    // A refresh token for use without the user outlives the provider's session (OpenID Connect Core 11).
    refreshToken && provider.revoke(refreshToken).catch(report),
  ]);
  return url;
}
