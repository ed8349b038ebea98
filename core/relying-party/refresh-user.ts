import type { Awaitable } from "../awaitable.js";
import { ExchangeError, MisuseError, must } from "../errors.js";
import type { TokenRequest } from "../exchange/token-set.js";
import { type ShapedUser, type UserClaims, userOf } from "../exchange/user.js";
import { discover } from "../provider/discovery.js";
import type { RegisteredData } from "../register.js";
import { RelyingPartyRequest } from "./relying-party-request.js";
import type { AuthSession } from "./request-auth.js";
import type { RequestContext } from "./request-context.js";

/** What a function of this package needs of the request of a signed-in user: `req.auth`, or the second argument of a handler. */
export interface SignedInRequest<Data> {
  readonly session: AuthSession<Data> | null;
  getAccessToken(request?: TokenRequest): Promise<string>;
}

/** The claims about the user as they are now, and the session as it was. */
export interface RefreshedUser<Data = RegisteredData> {
  /** The user of the session, with the claims that the provider gave now. */
  readonly user: UserClaims;
  readonly accessToken: string;
  readonly session: AuthSession<Data>;
}

/** The request as the functions of this room take it. @throws MisuseError (`invalid_config`) for anything else than a request of this package */
export function contextOf<Data>(auth: SignedInRequest<Data>, caller: string): RequestContext<Data> {
  must(RelyingPartyRequest.is(auth), `${caller} takes req.auth, or the second argument of a handler`);
  return RelyingPartyRequest.contextOf(auth as RelyingPartyRequest<Data, unknown>);
}

/**
 * Fetches the claims of the signed-in user from the provider again (userinfo), and writes them to the session: roles that changed,
 * a new name. The claims that the provider gives replace those of the session; others stay.
 *
 * @example
 * ```ts
 * import express from "express";
 * import { auth, refreshUser, requireSession } from "latchkey/express";
 *
 * const app = express();
 * app.use(auth());
 * app.post("/profile/refresh", requireSession(), async (req, res) => {
 *   await refreshUser(req.auth);
 *   res.json(req.auth.session.user);
 * });
 * ```
 * @param shape shapes the user and the data, as `onSignIn` does. The subject stays. @default keeps all claims
 * @throws ExchangeError as `getAccessToken`, and `provider_invalid` for claims of another user; MisuseError `headers_sent`
 */
export async function refreshUser<Data>(
  auth: SignedInRequest<Data>,
  shape?: (refreshed: RefreshedUser<Data>) => Awaitable<{ user?: ShapedUser; data?: Data } | undefined>,
): Promise<void> {
  const context = contextOf(auth, "refreshUser");
  if (!context.canWrite()) throw new MisuseError("headers_sent", "call refreshUser before you respond");
  const accessToken = await auth.getAccessToken();
  const { session } = auth;
  const at = context.atSession();
  if (!session || !at) throw new ExchangeError("no_session");
  const { sub } = session.user;
  const { client, ...provider } = at.provider;
  // A provider without userinfo may have a profile.
  const hasProfile = client.differences?.identify && !(await discover(client)).userinfo_endpoint;
  const claims = hasProfile ? await provider.verifyIdToken({ accessToken }) : await provider.userinfo(accessToken, sub);
  if (claims["sub"] !== sub) throw new ExchangeError("provider_invalid", { cause: { claim: "sub" } });
  const user = userOf({ ...session.user, ...claims }, sub);
  const shaped = await shape?.({ user, accessToken, session });
  const isWritten = await context.commit((draft) => {
    if (draft.session?.id !== session.id) throw new ExchangeError("no_session");
    draft.update(({ data, ...others }) => ({
      ...others,
      user: { ...(shaped?.user ?? user), sub },
      data: shaped?.data ?? data,
    }));
  });
  if (!isWritten) throw new MisuseError("headers_sent", "call refreshUser before you respond");
}
