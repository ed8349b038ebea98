import { safeReturnTo } from "../exchange/return-to.js";
import { signOutAtProvider } from "../exchange/sign-out.js";
import type { Reply } from "../request/response.js";
import { reportFailure } from "./answer-failure.js";
import { redirect } from "./replies.js";
import type { RequestContext } from "./request-context.js";

/** How to sign out. */
export interface LogoutOptions {
  /** Where to go afterwards: a path on this site, registered with the provider. @default `postLogoutPath` */
  returnTo?: string | undefined;
  /** Leave the provider's session as it is. The refresh token is revoked all the same. @default false, or true with the option `logout: "local"` */
  local?: boolean | undefined;
  /** Further parameters for the provider's end_session endpoint, such as Auth0's `federated`. @default none */
  params?: Readonly<Record<string, string>>;
}

/**
 * Ends the session here, and then at the provider (RP-Initiated Logout 2). A store or a provider that is away keeps no session alive in
 * this browser: its failure is an event.
 */
export async function signOut<Data>(
  context: RequestContext<Data>,
  { returnTo, params, local }: LogoutOptions = {},
): Promise<Reply> {
  const { config, site, request } = context;
  const at = context.atSession();
  const tokens = await context.tokens().catch((error) => void reportFailure(at ?? context, error));
  await context.commit((draft) => draft.destroy());
  (at ?? context).emit({ type: "signed_out" });
  const fallback = `${site.path}${config.postLogoutPath}`;
  const home = site.origin + safeReturnTo(returnTo ?? fallback, site.origin, fallback, site.path + config.mount);
  if (!at) return redirect(home, request.method);
  const revokeOnly = local ?? at.config.logout === "local";
  const url = await signOutAtProvider(at, { ...tokens, postLogoutRedirectUri: home, params, revokeOnly });
  return redirect(url ?? home, request.method);
}
