import { ExchangeError } from "../errors.js";
import { failure } from "../events.js";
import { safeReturnTo } from "../exchange/return-to.js";
import type { Reply } from "../request/response.js";
import type { VisitContext } from "./context.js";
import { redirect } from "./replies.js";

/** How to sign out. */
export interface LogoutOptions {
  /** Where to go afterwards: a path on this site, registered with the provider. @default `postLogoutPath` */
  returnTo?: string | undefined;
}

/** Ends the session here, always; then, as far as it can be reached, at the provider (RP-Initiated Logout 2). */
export async function signOut<Data>(visit: VisitContext<Data>, options: LogoutOptions): Promise<Reply> {
  const { config, provider, site, request } = visit;
  const { session } = visit.reading;
  const { idToken, refreshToken } = (await visit.tokens()) ?? {};
  await visit.commit((draft) => draft.destroy());
  visit.emit({ type: "signed_out" });
  const fallback = `${site.path}${config.postLogoutPath}`;
  const home =
    site.origin + safeReturnTo(options.returnTo ?? fallback, site.origin, fallback, site.path + config.mount);
  if (!session || config.logout === "local") return redirect(home, request.method);
  const [elsewhere] = await Promise.all([
    attempt(visit, () => provider.endSessionUrl({ postLogoutRedirectUri: home, idTokenHint: idToken })),
    refreshToken && attempt(visit, () => provider.revoke(refreshToken)),
  ]);
  return redirect(elsewhere ?? home, request.method);
}

/** The provider's part is a courtesy: nobody stays signed in here because it cannot be reached. */
async function attempt<T, Data>(visit: VisitContext<Data>, task: () => Promise<T>): Promise<T | undefined> {
  try {
    return await task();
  } catch (error) {
    if (!(error instanceof ExchangeError)) throw error;
    visit.emit(failure(error));
    return undefined;
  }
}
