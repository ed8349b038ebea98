import type { TokenRequest } from "../core/exchange/token-life.js";
import type { Reply } from "../core/plan.js";
import type { LoginOptions } from "../core/relying-party/sign-in.js";
import type { LogoutOptions } from "../core/relying-party/sign-out.js";
import type { AuthSession, Visit } from "../core/relying-party/visit.js";

/** The session of a request, and what can be done with it; `Answer` is what an adapter makes of an answer of ours. */
export interface PresentAuth<Data, Answer> {
  /** Who is signed in, or null. */
  readonly session: AuthSession<Data> | null;
  /** Why there is no session, when there were cookies that could have been one. For logs. */
  readonly reason: Visit<Data>["reason"];
  /** Merges a patch into `session.data`, or applies a function to it. @throws MisuseError, CookieTooLargeError */
  update(change: Partial<Data> | ((data: Data) => Data)): Promise<void>;
  /** A valid access token, refreshed when it is due. @throws ExchangeError */
  accessToken(request?: TokenRequest): Promise<string>;
  /** `fetch` with the access token, to `apiOrigins` only; a 401 is tried once more after a refresh. @throws MisuseError, ExchangeError */
  fetch(url: string | URL, init?: RequestInit, request?: TokenRequest): Promise<Response>;
  /** The answer that sends the browser to sign in. */
  login(options?: LoginOptions): Promise<Answer>;
  /** Signs out here and at the provider: the answer that sends the browser there. */
  logout(options?: LogoutOptions): Promise<Answer>;
}

/** A visit as apps see it. */
export function present<Data, Answer>(visit: Visit<Data>, answer: (reply: Reply) => Answer): PresentAuth<Data, Answer> {
  return {
    get session() {
      return visit.session;
    },
    get reason() {
      return visit.reason;
    },
    update: visit.update,
    accessToken: visit.accessToken,
    fetch: visit.fetch as PresentAuth<Data, Answer>["fetch"],
    login: async (options) => answer(await visit.login(options)),
    logout: async (options) => answer(await visit.logout(options)),
  };
}
