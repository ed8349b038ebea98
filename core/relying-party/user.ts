import type { TokenSet } from "../exchange/token-life.js";
import { userOf } from "../exchange/user.js";
import { accessToken } from "./access.js";
import type { VisitContext } from "./context.js";

/** Asks the userinfo endpoint again and keeps what it says of the user. @throws ExchangeError as `getAccessToken` */
export async function refetchUser<Data>(visit: VisitContext<Data>): Promise<void> {
  const { provider, reading } = visit;
  const token = await accessToken(visit);
  const sub = reading.session?.data.user.sub ?? "";
  const claims = await provider.userinfo(token, sub);
  await visit.commit((draft) => {
    if (draft.session) draft.update(({ user, data }) => ({ user: { ...user, ...userOf(claims, sub) }, data }));
  });
}

/** The tokens of who is signed in, for server code that must have them all. */
export const tokensOf = <Data>(visit: VisitContext<Data>): Promise<TokenSet | undefined> => {
  visit.outlet.markSessionRead();
  return visit.tokens();
};
