import { MisuseError } from "../errors.js";
import type { TokenRequest } from "../exchange/token-life.js";
import type { Plan, Reply } from "../plan.js";
import type { FetchInit } from "../ports.js";
import { isPrefetch, targetOf, wantsPage } from "../request.js";
import type { SessionRefusal } from "../session/reading.js";
import { accessToken, authorizedFetch } from "./access.js";
import type { User } from "./config.js";
import { answering, loginUrl, type VisitContext } from "./context.js";
import { notAuthenticated, redirect } from "./replies.js";
import { answerRoute } from "./routes.js";
import { type LoginOptions, startSignIn } from "./sign-in.js";
import { type LogoutOptions, signOut } from "./sign-out.js";

/** The session of someone who is signed in. All times are milliseconds since the epoch. */
export interface AuthSession<Data> {
  readonly id: string;
  readonly user: User;
  /** The app's own, written with `update`. */
  readonly data: Data;
  readonly beganAt: number;
  /** When it was last sealed. */
  readonly writtenAt: number;
  /** The last sign of life that was written down. */
  readonly lastSeenAt: number;
  /** When inactivity would end it; Infinity when sessions do not roll. */
  readonly inactiveAt: number;
  /** The absolute limit. */
  readonly endsAt: number;
}

/** One request, as the relying party serves it. */
export interface Visit<Data> {
  readonly session: AuthSession<Data> | null;
  /** Why there is no session, when there were cookies that could have been one. For logs. */
  readonly reason: SessionRefusal | undefined;
  /** Answers the routes under the mount; anything else passes. */
  route(): Promise<Plan>;
  /** Passes when someone is signed in; else a redirect to sign in for a page, 401 JSON for the rest. */
  guard(): Plan;
  /** Writes down activity, when it is due. */
  roll(): Promise<void>;
  /**
   * Merges a patch into the session's data, or applies a function to it.
   * @throws MisuseError `ERR_NO_SESSION`, `ERR_HEADERS_SENT`, `ERR_NOT_JSON`
   * @throws CookieTooLargeError when it would not fit; nothing is written.
   */
  update(change: Partial<Data> | ((data: Data) => Data)): Promise<void>;
  /**
   * A valid access token; refreshed when it is about to expire, or when asked.
   * @throws ExchangeError `no_session`, `no_access_token`, `refresh_required`, `grant_ended`, `provider_unreachable` and others
   */
  accessToken(request?: TokenRequest): Promise<string>;
  /**
   * `fetch` with the access token, for allow-listed origins only; a 401 is tried once more after a refresh.
   * @throws MisuseError `ERR_ORIGIN_NOT_ALLOWED`; ExchangeError as `accessToken`
   */
  fetch(url: string | URL, init?: FetchInit, request?: TokenRequest): Promise<Response>;
  /** The answer that sends the browser to sign in. */
  login(options?: LoginOptions): Promise<Reply>;
  /** Signs out here and at the provider: the answer that sends the browser there. */
  logout(options?: LogoutOptions): Promise<Reply>;
}

/** The relying party's side of one request. */
export function createVisit<Data>(context: VisitContext<Data>): Visit<Data> {
  const { scope, request, outlet } = context;

  function writable(): void {
    if (outlet.canWrite()) return;
    throw new MisuseError("ERR_HEADERS_SENT", "too late for cookies, or in a Server Component");
  }

  return {
    get session() {
      outlet.sessionRead();
      return scope.session && { ...scope.session, ...scope.session.data };
    },
    get reason() {
      outlet.sessionRead();
      return scope.reason;
    },
    route: () => answerRoute(context),
    guard() {
      outlet.sessionRead();
      if (scope.session) return undefined;
      return wantsPage(request) ? redirect(loginUrl(context), request.method) : notAuthenticated();
    },
    async roll() {
      if (scope.session && !isPrefetch(request) && outlet.canWrite()) await context.commit(undefined, true);
    },
    async update(change) {
      writable();
      await context.commit(() => {
        if (!scope.session) throw new MisuseError("ERR_NO_SESSION", "there is no session");
        scope.update(({ user, data }) => ({
          user,
          data: typeof change === "function" ? change(data) : { ...data, ...change },
        }));
      });
      // The response may have left while it was sealed.
      writable();
    },
    accessToken: (asked) => accessToken(context, asked),
    fetch: (url, init, asked) => authorizedFetch(context, url, init, asked),
    async login(options = {}) {
      writable();
      return answering(context, () => startSignIn(context, { returnTo: targetOf(request), ...options }));
    },
    async logout(options = {}) {
      writable();
      return answering(context, () => signOut(context, options));
    },
  };
}
